"""Generators that are pure functions of a seed: nothing random need be stored to go on exactly."""

from enum import IntEnum

import numpy as np


class Use(IntEnum):
    """What the numbers are for: the same seed gives each use numbers of its own."""

    WEIGHTS = 0
    ORDER = 1
    SAMPLE = 2
    TEXT = 3
    MASKS = 4


def generator(seed: int, use: Use, number: int = 0) -> np.random.Generator:
    """Return the generator of a use and a number in it: a pass, an epoch, a stream."""
    # Not the list [seed, use, number]: there a seed over 32 bits runs into what follows it.
    return np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(use, number)))
