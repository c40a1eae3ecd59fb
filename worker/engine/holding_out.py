"""The frozen text that a model's checkpoints are judged by, and keeping it out of training."""

import numpy as np
from numpy.typing import NDArray

from worker.engine.copying import in_common
from worker.engine.vocabulary import Ids

# The end of the text that is frozen: enough to tell models apart by a hundredth of a bit.
FROZEN_SHARE, MOST_FROZEN = 0.1, 100_000


def frozen_characters(characters: int) -> int:
    """Return how many characters at the end of a text of so many are to be frozen."""
    return min(int(characters * FROZEN_SHARE), MOST_FROZEN)


def without(ids: Ids, frozen: Ids) -> Ids:
    """Return ids (N,) without the stretches that ``frozen`` (M,) has too.

    Of a text that repeats itself that would leave little: then only the frozen text itself is
    taken out, wherever it stands whole; and where that is nearly everywhere, in one passage over
    and over again, only as much as the frozen text is long, at the end.
    """
    common = in_common(ids, frozen)
    if np.count_nonzero(common) > len(ids) / 2:
        common = _standing_whole(ids, frozen)
    if np.count_nonzero(common) > len(ids) / 2:
        common = np.arange(len(ids)) >= len(ids) - len(frozen)
    return ids[~common]


def _standing_whole(ids: Ids, frozen: Ids) -> NDArray[np.bool_]:
    """Mark the characters of ids (N,) where all of ``frozen`` (M,) stands, once in each place."""
    marked = np.zeros(len(ids), np.bool_)
    text, wanted, width = ids.tobytes(), frozen.astype(ids.dtype).tobytes(), ids.itemsize
    at = text.find(wanted)
    while at >= 0:
        begins = at % width == 0
        if begins:
            marked[at // width :][: len(frozen)] = True
        at = text.find(wanted, at + (len(wanted) if begins else 1))
    return marked
