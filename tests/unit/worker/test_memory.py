"""How much memory a worker may hold, by the machine and by its groups."""

import os
from pathlib import Path

import pytest

from worker.memory import available

MACHINE = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
MIB = 1024 * 1024


def written(path: Path, text: str) -> Path:
    """Write a file, with the folders that it lies in."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


@pytest.mark.parametrize(
    ("groups", "files", "expected"),
    [
        ("0::/a/b\n", {"a/memory.max": "1048576\n", "a/b/memory.max": "max\n"}, MIB),
        ("0::/a/b\n", {"a/memory.max": "max\n", "a/b/memory.max": "2097152\n"}, 2 * MIB),
        # In a container: its own path is not there, its limit stands at the root.
        ("0::/docker/x\n", {"memory.max": "3145728\n"}, 3 * MIB),
        ("5:cpu:/\n4:memory:/x\n", {"memory/x/memory.limit_in_bytes": "4194304\n"}, 4 * MIB),
        # What version 1 says where there is no limit.
        ("4:memory:/\n", {"memory/memory.limit_in_bytes": "9223372036854771712\n"}, MACHINE),
        ("0::/\n", {"memory.max": "max\n"}, MACHINE),
        ("", {}, MACHINE),
    ],
)
def test_the_least_limit_holds(
    tmp_path: Path, groups: str, files: dict[str, str], expected: int
) -> None:
    """Of the machine, of the process' group and of those it lies in."""
    for name, text in files.items():
        written(tmp_path / "limits" / name, text)
    found = available(written(tmp_path / "cgroup", groups), tmp_path / "limits")
    assert found == expected


def test_this_process_has_some() -> None:
    """At least what this test holds."""
    found = available()
    assert found is not None
    assert 0 < found <= MACHINE


def test_a_machine_without_groups(tmp_path: Path) -> None:
    """As macOS has none."""
    assert available(tmp_path / "nothing", tmp_path / "nowhere") == MACHINE
