"""How much memory this process may hold: the machine's, or less where its container has less.

And how much it holds.
"""

import os
from collections.abc import Callable
from pathlib import Path

# Linux: which groups this process is in, and where their limits stand.
GROUPS, LIMITS = Path("/proc/self/cgroup"), Path("/sys/fs/cgroup")
# Of version 1, whose limits of memory lie in a folder of their own.
FIRST = "memory"
FIRST_FILE, SECOND_FILE = "memory.limit_in_bytes", "memory.max"
# Linux, too: what this process holds. Of it the lines of what is in no file, also on the disk.
STATUS, HELD = Path("/proc/self/status"), ("RssAnon:", "VmSwap:")


class Allowance:
    """How much more than when it began this process may hold; 0: any amount."""

    def __init__(self, most: int = 0, measure: Callable[[], int | None] | None = None):
        self.most, self._measure = most, measure or held
        self._start: int | None = None

    def begin(self) -> None:
        """Count from now on: what is there stays."""
        self._start = self._measure()

    def grown(self) -> int:
        """Return by how many bytes the process has grown; 0 where nobody can tell."""
        now = self._measure()
        return 0 if now is None or self._start is None else now - self._start

    def is_used_up(self) -> bool:
        """Tell whether the process has grown by more than it may."""
        return self.most > 0 and self.grown() > self.most


def held(status: Path = STATUS) -> int | None:
    """Return the bytes that are this process' own, or None where nobody tells."""
    rows = [line.split() for line in _read(status).splitlines()]
    told = [int(row[1]) * 1024 for row in rows if row and row[0] in HELD]
    return sum(told) if told else None


def available(groups: Path = GROUPS, limits: Path = LIMITS) -> int | None:
    """Return the bytes, or None where neither the machine nor a group tells."""
    return min([*_machine(), *_limits(groups, limits)], default=None)


def _machine() -> list[int]:
    try:
        return [os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")]
    except (ValueError, OSError):
        return []


def _limits(groups: Path, limits: Path) -> list[int]:
    """Return the limits of this process' group and of all that it lies in."""
    found = []
    for line in _read(groups).splitlines():
        number, kinds, place = line.split(":", 2)
        if number == "0":
            found += _upwards(limits, place, SECOND_FILE)
        elif FIRST in kinds.split(","):
            found += _upwards(limits / FIRST, place, FIRST_FILE)
    return found


def _upwards(root: Path, place: str, name: str) -> list[int]:
    # In a container the group's own path may not be there, but its limit at the root.
    inner = root / place.lstrip("/")
    folders = [inner, *(folder for folder in inner.parents if folder.is_relative_to(root))]
    told = (_read(folder / name).strip() for folder in folders)
    return [int(text) for text in told if text.isdigit()]


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="ascii")
    except (OSError, ValueError):
        return ""
