"""What a check finds."""

from dataclasses import dataclass
from enum import IntEnum


class State(IntEnum):
    """How bad it is; the command ends with the worst one's exit code."""

    SKIPPED = -1  # nothing to look at
    OK = 0
    WARNING = 1
    PROBLEM = 2


@dataclass(frozen=True)
class Finding:
    """One line: what was looked at, what was found, and what to do about it."""

    name: str
    state: State
    text: str
    advice: str = ""


def fine(name: str, text: str) -> Finding:
    """Return what is as it should be."""
    return Finding(name, State.OK, text)


def warning(name: str, text: str, advice: str) -> Finding:
    """Return what works now but should not stay so."""
    return Finding(name, State.WARNING, text, advice)


def problem(name: str, text: str, advice: str) -> Finding:
    """Return what does not work."""
    return Finding(name, State.PROBLEM, text, advice)


def skipped(name: str, text: str) -> Finding:
    """Return what could not, or need not, be looked at."""
    return Finding(name, State.SKIPPED, text)
