"""Comparing texts that come in pieces."""

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from worker.comparing import EXCERPT, Parting, first_difference

pieces = st.lists(st.text("ab", max_size=4), max_size=8)


def plainly(one: str, other: str) -> Parting | None:
    """Return where two whole texts part."""
    if one == other:
        return None
    same = next((n for n in range(min(len(one), len(other))) if one[n] != other[n]), None)
    at = min(len(one), len(other)) if same is None else same
    return Parting(at, one[at : at + EXCERPT], other[at : at + EXCERPT])


@given(pieces, pieces)
def test_pieces_are_compared_as_the_whole(one: list[str], other: list[str]) -> None:
    """However the texts are cut, empty pieces too."""
    assert first_difference(iter(one), iter(other)) == plainly("".join(one), "".join(other))


@given(st.text(max_size=30), st.integers(1, 7), st.integers(1, 7))
def test_the_same_text_cut_otherwise(text: str, one: int, other: int) -> None:
    """Is the same text."""
    assert first_difference(cut(text, one), cut(text, other)) is None


def cut(text: str, size: int) -> Iterator[str]:
    """Yield a text in pieces of a size."""
    return (text[at : at + size] for at in range(0, len(text), size))


def test_nothing_is_asked_for_behind_a_difference() -> None:
    """But for the excerpts."""

    def endless() -> Iterator[str]:
        yield "ab"
        while True:
            yield "x" * 10

    assert first_difference(endless(), iter(["ac"])) == Parting(1, "b" + "x" * 39, "c")


@pytest.mark.parametrize(("one", "other"), [("ab", "abc"), ("abc", "ab"), ("", "a")])
def test_a_text_that_ends_first(one: str, other: str) -> None:
    """Parts where it ends, with nothing to show of it."""
    assert first_difference(iter([one]), iter([other])) == plainly(one, other)
