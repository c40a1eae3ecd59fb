"""Restarts and endings."""

import pytest

from cli.child import Backoff, describe


def test_backs_off_to_half_a_minute() -> None:
    """1 s, doubling to 30 s, for a part that keeps dying."""
    backoff = Backoff(30)
    assert [backoff.after(0.5) for _ in range(7)] == [1, 2, 4, 8, 16, 30, 30]


def test_forgives_a_part_that_worked_for_a_minute() -> None:
    """One that stayed up is started at once again."""
    backoff = Backoff(30)
    for _ in range(5):
        backoff.after(0.5)
    assert [backoff.after(61), backoff.after(0.5)] == [1, 2]


@pytest.mark.parametrize(
    ("code", "words"), [(0, "exit code 0"), (3, "exit code 3"), (-9, "SIGKILL"), (-99, "signal 99")]
)
def test_tells_how_a_process_ended(code: int, words: str) -> None:
    """Exit codes and signals by name."""
    assert describe(code) == words
