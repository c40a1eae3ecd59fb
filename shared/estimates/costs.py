"""What training costs, by arithmetic, in floating-point operations of a matrix product.

Shapes: ``B`` batch, ``T`` window, ``V`` vocabulary, ``H`` units, ``L`` layers, ``P`` parameters.

A recurrence is not products alone. What else takes time is counted as the products that would take
as long, with constants fitted to the README's figures of training (two cores, 458 GFLOP/s): they
give each of its shapes, from 64 units to two layers of 512, to within a fifth.
"""

import math

from shared.architecture import layers_of
from shared.specs import TrainingSpec

# Forward once and backward twice, a multiplication and an addition each.
LEARNED, GUESSED = 6, 2
# A unit's gates and their slopes, forward and backward.
UNIT = 2_500
# A parameter in a step of the optimizer, with the sums of its gradients.
PARAMETER = 3_500
# A step of the recurrence, and a step of the optimizer, however small.
MOMENT, STEP = 3_700_000, 46_000_000
# One text on one core, window after window: products of a vector wait for memory.
WRITTEN = 9


def parameters_of(spec: TrainingSpec, vocabulary_size: int) -> int:
    """Return ``P``: how many numbers a model learns."""
    return sum(layer.parameters for layer in layers_of(spec, vocabulary_size))


def window_cost(spec: TrainingSpec, vocabulary_size: int) -> float:
    """Return what it costs to learn from one window."""
    each = LEARNED * products_of(spec, vocabulary_size) + UNIT * _units(spec)
    step = (
        PARAMETER * parameters_of(spec, vocabulary_size) + MOMENT * spec.window * spec.layers + STEP
    )
    return each + step / spec.batch_size


def judging_cost(spec: TrainingSpec, vocabulary_size: int) -> float:
    """Return what it costs to guess the last character of one window."""
    last = spec.model_copy(update={"loss_at": "last"})
    return GUESSED * products_of(last, vocabulary_size) + UNIT / 3 * _units(spec)


def writing_cost(spec: TrainingSpec, vocabulary_size: int) -> float:
    """Return what it costs to write one character of a sample."""
    last = spec.model_copy(update={"loss_at": "last"})
    return WRITTEN * GUESSED * products_of(last, vocabulary_size)


def products_of(spec: TrainingSpec, vocabulary_size: int) -> int:
    """Return the multiplications of a window, forward.

    The first layer's inputs are one-hot: its product with them is a look-up.
    """
    gates = {"lstm": 4, "gru": 3}[spec.cell]
    recurrent = gates * spec.units**2 * (2 * spec.layers - 1)
    guesses = spec.window if spec.loss_at == "every" else 1
    return spec.window * recurrent + guesses * spec.units * vocabulary_size


def windows_of(characters: int, window: int, step: int = 1) -> int:
    """Return how many windows of ``T`` + 1 characters begin every ``step`` in ``N``."""
    return max(0, (characters - window - 1) // step + 1)


def steps_of(spec: TrainingSpec, windows: int) -> int:
    """Return the optimizer's steps over so many windows."""
    return math.ceil(windows / spec.batch_size)


def _units(spec: TrainingSpec) -> int:
    return spec.window * spec.layers * spec.units
