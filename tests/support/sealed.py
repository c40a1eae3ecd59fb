"""A program as a hardened container runs it: nothing can be written but one folder in memory."""

import subprocess
from functools import cache
from pathlib import Path

import pytest

# Every mount becomes read-only but those of the kernel and the folder; then all rights of root go.
SEAL = """
set -e
mount --make-rprivate /
mount -t tmpfs -o noexec,nosuid,nodev tmpfs "$1"
while read -r _ place kind _; do
    case "$place" in "$1" | /proc | /proc/* | /sys | /sys/* | /dev | /dev/*) continue ;; esac
    mount -o remount,bind,ro "$place" 2>/dev/null || test "$place" != /
done </proc/self/mounts
shift
exec setpriv --no-new-privs --bounding-set=-all --inh-caps=-all "$@"
"""


def sealed(writable: Path, argv: list[str]) -> list[str]:
    """Return the command line of ``argv`` where only ``writable`` can be written to."""
    return ["unshare", "--mount", "sh", "-c", SEAL, "sh", str(writable), *argv]


@cache
def _can_seal() -> bool:
    try:
        return subprocess.run(sealed(Path("/mnt"), ["true"]), capture_output=True).returncode == 0
    except OSError:
        return False


def need_seal() -> None:
    """Skip the test where this user may not make read-only mounts."""
    if not _can_seal():
        pytest.skip("only root on Linux can make a read-only root here")
