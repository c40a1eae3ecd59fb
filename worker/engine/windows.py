"""Windows: where they start, and in which order.

Shapes: ``T`` window, ``N`` characters of text.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from shared.specs import TrainingSpec
from worker.engine.randomness import Use, generator

ROUNDS = 6
VALIDATION_WINDOWS = 4_000
Starts = NDArray[np.int64]


def count(characters: int, window: int, step: int = 1) -> int:
    """Return how many windows of ``T`` + 1 characters begin every ``step`` in ``N``."""
    return max(0, (characters - window - 1) // step + 1)


def validation_starts(characters: int, spec: TrainingSpec) -> Starts:
    """Return where the validation windows of ``N`` characters begin: all of the held-out part's,
    or 4,000 of them drawn by a fixed seed.

    The same windows for every run of a text, whatever its seed, so that runs can be compared.
    """
    split = spec.split(characters)
    held_out = count(characters - split, spec.window)
    if held_out <= VALIDATION_WINDOWS:
        return split + np.arange(held_out)
    return split + np.random.default_rng(0).integers(0, held_out, VALIDATION_WINDOWS)


@dataclass(frozen=True)
class Order:
    """An endless row of permutations of ``size`` windows, in memory that does not grow.

    Each pass over the windows is a Feistel network over the next power of four, keyed by
    (seed, pass) and walked until the value falls below ``size``: Black and Rogaway, "Ciphers with
    arbitrary finite domains" (2002). A place in the row is all that a run must remember.
    """

    size: int
    seed: int

    def at(self, first: int, last: int) -> Starts:
        """Return the windows at places ``first`` to ``last`` - 1 of the row."""
        places = np.arange(first, last, dtype=np.int64)
        passes, inside = places // self.size, places % self.size
        found = [
            self._permute(inside[passes == number], int(number)) for number in np.unique(passes)
        ]
        return np.concatenate(found) if found else places

    def _permute(self, values: Starts, number: int) -> Starts:
        half = max(1, -(-(self.size - 1).bit_length() // 2))
        keys = generator(self.seed, Use.ORDER, number).integers(0, 2**63, ROUNDS, np.uint64)
        out = _encrypt(values.astype(np.uint64), keys, half)
        outside = out >= self.size
        while outside.any():
            out[outside] = _encrypt(out[outside], keys, half)
            outside = out >= self.size
        return out.astype(np.int64)


def _encrypt(values: NDArray[np.uint64], keys: NDArray[np.uint64], half: int) -> NDArray[np.uint64]:
    """Return a keyed permutation of the numbers under 4**half."""
    mask, shift = np.uint64(2**half - 1), np.uint64(half)
    left, right = values >> shift, values & mask
    for key in keys:
        left, right = right, left ^ (_mix(right, key) & mask)
    return (left << shift) | right


def _mix(values: NDArray[np.uint64], key: np.uint64) -> NDArray[np.uint64]:
    """SplitMix64's finalizer (Steele, Lea and Flood, 2014): every bit sways every other."""
    x = values + key
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return x ^ (x >> np.uint64(31))
