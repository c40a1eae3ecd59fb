"""Where a text goes on longest as another one has it: compiled loops over suffix arrays.

Shapes: ``N`` characters of text, ``M`` characters that are looked for. All texts are arrays of
ids; one that the text does not have matches nothing.

All in one file, for the reason that ``kernels`` gives.
"""

from typing import Any

import numpy as np

from worker.engine.compiling import compiled

# A search takes longer than going over so many characters.
LONG_MATCH = 64


@compiled
def longest_at(text: Any, suffixes: Any, written: Any, start: int) -> tuple[int, int]:
    """Return how long ``written`` from ``start`` on occurs in ``text`` (N,), and where.

    Binary search in the suffix array (N,), with what both bounds are known to share passed over:
    Manber and Myers, "Suffix arrays: a new method for on-line string searches" (1990).
    """
    low, high, low_shares, high_shares = -1, len(suffixes), 0, 0
    best, place = 0, -1
    while high - low > 1:
        middle = (low + high) // 2
        at = suffixes[middle]
        most = min(len(text) - at, len(written) - start)
        shares = min(low_shares, high_shares)
        while shares < most and text[at + shares] == written[start + shares]:
            shares += 1
        if shares > best:
            best, place = shares, at
        if start + shares == len(written):
            return best, place
        if at + shares == len(text) or text[at + shares] < written[start + shares]:
            low, low_shares = middle, shares
        else:
            high, high_shares = middle, shares
    return best, place


@compiled
def matching_statistics(text: Any, suffixes: Any, written: Any, lengths: Any, places: Any) -> None:
    """Raise ``lengths`` (M',) to those of the longest matches that begin at each of the first
    ``M'`` places of ``written`` (M,), and set ``places`` (M',) to where they occur.

    Matches end in the order in which they begin. So behind the beginning of a long one the places
    whose matches end with it need not be searched: their number is found by bisection.
    """
    start = 0
    while start < len(lengths):
        length, place = longest_at(text, suffixes, written, start)
        shared = 1
        if length > LONG_MATCH:
            shared = _ending_alike(text, suffixes, written, start, length)
        for skipped in range(min(shared, len(lengths) - start)):
            if length - skipped > lengths[start + skipped]:
                lengths[start + skipped] = length - skipped
                places[start + skipped] = place + skipped
        start += shared


@compiled
def _ending_alike(text: Any, suffixes: Any, written: Any, start: int, length: int) -> int:
    """Return how many places from ``start`` on have matches that end where its own does."""
    alike, other = 0, 1
    while other < length and _reaches(text, suffixes, written, start, other) == length:
        alike, other = other, min(2 * other, length)
    while other - alike > 1:
        middle = (alike + other) // 2
        if _reaches(text, suffixes, written, start, middle) == length:
            alike = middle
        else:
            other = middle
    return alike + 1


@compiled
def _reaches(text: Any, suffixes: Any, written: Any, start: int, skipped: int) -> int:
    """Return how far from ``start`` the match ends that begins ``skipped`` places behind it."""
    length, _ = longest_at(text, suffixes, written, start + skipped)
    return skipped + length


@compiled
def mark_common(ids: Any, frozen: Any, suffixes: Any, stretch: int, marked: Any) -> None:
    """Set ``marked`` (N,) where ``ids`` (N,) lie in more than ``stretch`` characters of ``frozen``.

    A stretch so long holds a place of every ``step`` from which more than half of it matches: only
    around those it is looked at every place. Longer ones need not be followed: they are covered by
    those that begin inside them, and a text that repeats itself has long ones everywhere.
    """
    step, most = max(stretch // 2, 1), stretch + 1
    for probe in range(0, len(ids), step):
        if longest_at(frozen, suffixes, ids[: probe + most], probe)[0] <= stretch - step:
            continue
        for start in range(max(probe - step + 1, 0), probe + 1):
            if longest_at(frozen, suffixes, ids[: start + most], start)[0] == most:
                marked[start : start + most] = True


def nothing_found(count: int) -> tuple[Any, Any]:
    """Return lengths and places (M,) of ``count`` characters before anything was looked for."""
    return np.zeros(count, np.int32), np.full(count, -1, np.int32)
