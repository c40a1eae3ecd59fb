"""The frozen text that a model's checkpoints are judged by, and keeping it out of training."""

import numpy as np

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
    taken out, wherever it stands whole.
    """
    common = in_common(ids, frozen)
    if np.count_nonzero(common) > len(ids) / 2:
        common = in_common(ids, frozen, stretch=len(frozen) - 1)
    return ids[~common]
