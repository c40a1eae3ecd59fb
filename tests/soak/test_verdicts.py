"""What the soak says of what it watched."""

from tests.soak.plan import LONG
from tests.soak.verdicts import lines
from tests.soak.watching import MEASURES, Series

LOOKS = 360


def watched(memory: list[float]) -> Series:
    """Return a process that was looked at every five seconds for half an hour."""
    seen = dict.fromkeys(MEASURES, [1.0] * LOOKS) | {"memory": memory}
    return Series("web 1", 1, [5.0 * n for n in range(LOOKS)], seen)


def test_a_look_that_meets_a_hash_is_not_told() -> None:
    """A password's hash takes 64 MB for less than a second: a minute's median is what is held."""
    memory = [125e6 + (67e6 if n % 15 == 0 else 0) for n in range(LOOKS)]
    (line,) = lines([watched(memory)], LONG)
    assert line.quarters == [125e6] * 5
    assert line.more["memory"] == 0


def test_what_was_held_for_minutes_is_told() -> None:
    """It stands in the quarter in which it was held."""
    memory = [125e6 + (70e6 if 200 <= n < 250 else 0) for n in range(LOOKS)]
    (line,) = lines([watched(memory)], LONG)
    assert line.quarters == [125e6, 125e6, 195e6, 125e6, 125e6]
