"""Gathering what texts go on with: to 4 KiB of one or 100 ms, and never a character lost."""

from dataclasses import dataclass

import pytest

from worker.gathering import GATHER_BYTES, GATHER_SECONDS, Gathered


@dataclass
class Clock:
    """A clock that is set by hand: a fake."""

    at: float = 100.0

    def __call__(self) -> float:
        """Return the time."""
        return self.at


def fill(gathered: Gathered, clock: Clock, part: str, seconds: float) -> int:
    """Add a part every so many seconds until it is due; return how often."""
    for times in range(1, 100_000):
        clock.at += seconds
        gathered.add([part, ""])
        if gathered.is_due():
            return times
    raise AssertionError("never due")


@pytest.mark.parametrize(("part", "least"), [("a", 4096), ("秋" * 10, 137), ("a" * 5000, 1)])
def test_one_text_has_4_kib(part: str, least: int) -> None:
    """Counted in bytes; no more than one part beyond."""
    clock = Clock()
    gathered = Gathered([1, 2], clock)
    assert fill(gathered, clock, part, 0.0) == least
    (piece,) = gathered.take()
    assert GATHER_BYTES <= len(piece.text.encode()) < GATHER_BYTES + len(part.encode())


@pytest.mark.parametrize("seconds", [0.0001, 0.005, 0.03, 0.06, 0.09, 0.1])
def test_nothing_waits_longer(seconds: float) -> None:
    """The next part would come too late, so it is not waited for."""
    clock = Clock()
    gathered = Gathered([1, 2], clock)
    times = fill(gathered, clock, "a", seconds)
    assert times * seconds <= GATHER_SECONDS + 1e-9
    assert (times + 1) * seconds > GATHER_SECONDS - 1e-9


def test_slow_parts_wait_for_none() -> None:
    """One that took long to write is stored as it comes."""
    clock = Clock()
    assert fill(Gathered([1, 2], clock), clock, "a", 3.0) == 1


def test_the_time_of_storing_does_not_count() -> None:
    """Else a slow database would be asked the more often."""
    clock = Clock()
    gathered = Gathered([1, 2], clock)
    first = fill(gathered, clock, "a", 0.01)
    gathered.take()
    clock.at += 7
    gathered.begin()
    assert fill(gathered, clock, "a", 0.01) == first


def test_pieces_add_up() -> None:
    """Each begins where the one before ended, in characters and in bytes; texts may be silent."""
    gathered = Gathered([3, 4], Clock())
    taken = []
    for parts in (["aä", ""], ["", "秋"], ["🌊b", "c"], ["", ""]):
        gathered.add(parts)
        taken.append([(p.number, p.start, p.start_byte, p.text) for p in gathered.take()])
    assert taken == [
        [(3, 0, 0, "aä")],
        [(4, 0, 0, "秋")],
        [(3, 2, 3, "🌊b"), (4, 1, 3, "c")],
        [],
    ]
    assert gathered.sizes() == {3: 8, 4: 4}
