"""Comparing two texts that come in pieces: neither is ever held whole."""

from collections.abc import Iterator
from dataclasses import dataclass

EXCERPT = 40


@dataclass(frozen=True)
class Parting:
    """Where two texts part, counted from 0, and the next characters of each."""

    character: int
    one: str
    other: str


def first_difference(one: Iterator[str], other: Iterator[str]) -> Parting | None:
    """Return where two texts part, or None. Where they do, the rest is not asked for."""
    at, a, b = 0, _next(one), _next(other)
    while a or b:
        common = min(len(a), len(b))
        if not common or a[:common] != b[:common]:
            same = _same(a, b, common)
            return Parting(at + same, _excerpt(a[same:], one), _excerpt(b[same:], other))
        at += common
        a, b = a[common:] or _next(one), b[common:] or _next(other)
    return None


def _same(a: str, b: str, common: int) -> int:
    """Return how many characters are the same at the beginning of two pieces."""
    return next((n for n in range(common) if a[n] != b[n]), common)


def _excerpt(begun: str, rest: Iterator[str]) -> str:
    while len(begun) < EXCERPT and (piece := _next(rest)):
        begun += piece
    return begun[:EXCERPT]


def _next(pieces: Iterator[str]) -> str:
    """Return the next piece that is not empty, or '' at the end."""
    return next(filter(None, pieces), "")
