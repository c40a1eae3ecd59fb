"""The processes of a stack, found by what they are (Linux: read from /proc)."""

import os
import signal
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from tests.support.stacks import processes


@dataclass(frozen=True)
class Part:
    """A part's main process and those it forked."""

    main: int
    pool: tuple[int, ...]

    @property
    def all(self) -> tuple[int, ...]:
        """Every process, the main one first."""
        return (self.main, *self.pool)


# What stands in the command line of each part.
MARKS = {
    "train": " -n train@",
    "train2": " -n train2@",
    "generate": " -n generate@",
    "maintenance": " -n maintenance@",
    "beat": " worker.app beat ",
    "web": " gunicorn ",
}


def find(mark: str, name: str) -> Part | None:
    """Return the processes of a part of the stack that carries ``mark``, or None."""
    pids = {pid for pid, line in processes(mark).items() if MARKS[name] in line}
    mains = [pid for pid in pids if parent(pid) not in pids and parent(pid) is not None]
    if len(mains) != 1:  # it is just ending, or starting
        return None
    return Part(mains[0], tuple(sorted(pids - {mains[0]})))


def send(number: signal.Signals, pids: Iterable[int]) -> None:
    """Send a signal to processes; those that have ended meanwhile are passed over."""
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, number)


def parent(pid: int) -> int | None:
    try:
        # Behind the name, which may hold anything: state, then the parent.
        return int(Path(f"/proc/{pid}/stat").read_text().rsplit(")")[-1].split()[1])
    except OSError:
        return None
