"""How well a model expects a text: the figure by which models are compared."""

import math
from collections.abc import Callable

import numpy as np

from worker.engine import kernels
from worker.engine.characters import CharacterModel
from worker.engine.vocabulary import Vocabulary

# What an unknown character costs: which of all code points it is.
ESCAPE_BITS = math.log2(0x110000)
# A few hundredths of a second: whoever is told to stop soon hears of it.
PIECE_CHARACTERS = 1000


def bits_per_character(
    model: CharacterModel,
    vocabulary: Vocabulary,
    text: str,
    *,
    nearest: Callable[[str], str] = lambda character: "",
    between: Callable[[], None] = lambda: None,
) -> float:
    """Return the mean of -log2 p of each character of ``text`` but the first, given all before.

    The cross-entropy of Shannon, "Prediction and entropy of printed English" (1951). A character
    that the model does not know costs ``ESCAPE_BITS`` and is read as the last of those that are
    ``nearest``, or passed over: models of different vocabularies can be compared. ``between`` is
    called after every piece. Raises ``ValueError`` for less than two characters.
    """
    if len(text) < 2:
        raise ValueError(f"the text has {len(text)} characters; at least 2 can be judged")
    places = {character: place for place, character in enumerate(vocabulary.characters)}
    known = np.array([places.get(character, -1) for character in text], np.int64)
    read = {c: places.get((c if c in places else nearest(c))[-1:], -1) for c in set(text)}
    fed = np.array([read[character] for character in text], np.int64)
    bits = ESCAPE_BITS * np.count_nonzero(known[1:] < 0)
    # Nothing comes before the first: it is only read.
    known[0] = -1
    state = model.start()
    for first in range(0, len(text), PIECE_CHARACTERS):
        piece = slice(first, first + PIECE_CHARACTERS)
        bits += kernels.surprise(known[piece], fed[piece], model.weights, state.h, state.c)
        between()
    return float(bits / (len(text) - 1))
