"""Going on from a trained model with a text that has new characters.

Shapes: ``V`` vocabulary of the run, ``U`` of the model it starts from, ``H`` units, ``G`` all
gates' units.
"""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from shared.errors import UserError
from shared.said import said
from worker.engine.characters import Floats
from worker.engine.model import describe
from worker.engine.vocabulary import Vocabulary

# New characters' rows of the first layer, beside those of a model that begins anew.
SMALL = 0.1
# How far below the rarest known character's bias all new ones together begin, in nats.
RARER = 2.0


@dataclass(frozen=True)
class Start:
    """A trained Keras model to start from, and the characters it knows."""

    model: Any
    vocabulary: Vocabulary

    def weights(self, target: Any, vocabulary: Vocabulary) -> list[Floats]:
        """Return the weights that ``target``, a new model over ``vocabulary``, starts with.

        What was learnt is kept: the rows of the first layer's kernel (U, G), the columns of the
        last layer's (H, U) and its biases (U) move to their characters' places. New characters
        get small rows, no columns, and biases under which they are hardly ever expected: the known
        ones' probabilities barely move. Raises ``UserError`` for another shape, or where
        ``vocabulary`` lacks a known character.
        """
        self._check(target, vocabulary)
        first, *_, dense, bias = target.get_weights()
        their_first, *theirs, their_dense, their_bias = self.model.get_weights()
        known = vocabulary.encode(self.vocabulary.characters)
        new = len(vocabulary) - len(known)
        first, dense, bias = first * SMALL, np.zeros_like(dense), np.zeros_like(bias)
        if new:
            bias += their_bias.min() - RARER - math.log(new)
        first[known], dense[:, known], bias[known] = their_first, their_dense, their_bias
        return [first, *theirs, dense, bias]

    def _check(self, target: Any, vocabulary: Vocabulary) -> None:
        if missing := set(self.vocabulary.characters) - set(vocabulary.characters):
            raise UserError(
                said(
                    "the run lacks characters that the model knows: {characters}",
                    characters=_listed(missing),
                )
            )
        theirs, ours = describe(self.model), describe(target)
        if theirs.rpartition(" for ")[0] != ours.rpartition(" for ")[0]:
            raise UserError(
                said(
                    "the checkpoint's model has {theirs}; this spec and text need {ours}",
                    theirs=theirs,
                    ours=ours,
                )
            )


def _listed(characters: set[str]) -> str:
    return ", ".join(map(repr, sorted(characters)[:10]))
