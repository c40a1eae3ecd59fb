"""Where a text goes on longest as another one has it: compiled loops over suffix arrays.

Shapes: ``N`` characters of text, ``M`` characters that are looked for. All texts are arrays of
ids; one that the text does not have matches nothing.

All in one file, for the reason that ``kernels`` gives.
"""

from typing import Any

import numpy as np

from worker.engine.compiling import compiled


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
    """Raise ``lengths`` (M,) to those of the longest matches that begin at each place of
    ``written`` (M,), and set ``places`` (M,) to where they occur.
    """
    for start in range(len(written)):
        length, place = longest_at(text, suffixes, written, start)
        if length > lengths[start]:
            lengths[start], places[start] = length, place


@compiled
def mark_common(ids: Any, frozen: Any, suffixes: Any, stretch: int, marked: Any) -> None:
    """Set ``marked`` (N,) where ``ids`` (N,) lie in more than ``stretch`` characters of ``frozen``.

    A stretch so long holds a place of every ``step`` from which more than half of it matches: only
    around those it is looked at every place.
    """
    step = max(stretch // 2, 1)
    for probe in range(0, len(ids), step):
        if longest_at(frozen, suffixes, ids, probe)[0] <= stretch - step:
            continue
        for start in range(max(probe - step + 1, 0), probe + 1):
            length, _ = longest_at(frozen, suffixes, ids, start)
            if length > stretch:
                marked[start : start + length] = True


def nothing_found(count: int) -> tuple[Any, Any]:
    """Return lengths and places (M,) of ``count`` characters before anything was looked for."""
    return np.zeros(count, np.int64), np.full(count, -1, np.int64)
