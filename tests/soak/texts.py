"""Texts to upload: some kilobytes, some megabytes, none twice."""

import random

from shared.corpora.sources import python_reference

LARGE = (1_000_000, 4_000_000)


def small_text(rng: random.Random) -> str:
    """Return a few thousand characters of prose."""
    text, length = python_reference(), rng.randint(2000, 12_000)
    start = rng.randrange(len(text) - length)
    return f"{rng.getrandbits(64):x}\n{text[start : start + length]}"


def large_text(rng: random.Random) -> bytes:
    """Return a few megabytes."""
    text = python_reference().encode()
    size = rng.randint(*LARGE)
    whole = f"{rng.getrandbits(64):x}\n".encode() + text * (size // len(text) + 1)
    # Not in the middle of a character.
    return whole[:size].decode(errors="ignore").encode()
