"""Randomness as a pure function of a seed."""

import itertools

from worker.engine.randomness import Use, generator


def test_the_same_seed_gives_the_same_numbers() -> None:
    """A generator is made anew, and says the same again."""
    draws = [generator(5, Use.TEXT, 2).integers(10**9, size=4).tolist() for _ in range(2)]
    assert draws[0] == draws[1]


def test_seeds_uses_and_numbers_share_nothing() -> None:
    """Any difference gives other numbers, also in seeds over 32 bits."""
    seeds = (0, 1, 2**32, 2**63 - 1)
    keys = itertools.product(seeds, Use, (0, 1, 2))
    first = [int(generator(*key).integers(2**63)) for key in keys]
    assert len(set(first)) == len(first)
