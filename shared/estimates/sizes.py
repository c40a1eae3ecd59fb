"""What a training run takes of memory and disk, by arithmetic.

Shapes: ``B`` batch, ``T`` window, ``V`` vocabulary, ``H`` units, ``L`` layers, ``P`` parameters,
``N`` characters of text.
"""

from dataclasses import astuple, dataclass
from typing import Self

from pydantic import BaseModel, Field

from shared.estimates.costs import (
    judging_cost,
    parameters_of,
    window_cost,
    windows_of,
    writing_cost,
)
from shared.specs import TrainingSpec

FLOAT, HALF = 4, 2
# TensorFlow, Keras and what they compiled; where there is a card, CUDA's libraries besides.
PROCESS, PROCESS_WITH_CARD = 820_000_000, 1_900_000_000
# What a process has on its card whatever it trains: the context, and where libraries work.
CARD = 700_000_000
# The text's ids, and what is held beside them while they are made; measured with 100 MB.
CHARACTER = 3
# What the forward loop leaves for the backward one: slopes of the gates, of the cell, states; on a
# card what cuDNN keeps for itself, and arrays in both its order and ours. Measured on an H100.
KEPT_OF_UNIT, KEPT_ON_CARD = 9, 12
# The archive, its configuration, the vocabulary's share of it.
FILE, FILE_OF_LAYER = 15_000, 4_000
# Arrays of each parameter that an optimizer remembers.
REMEMBERED = {"sgd": 0, "rmsprop": 1, "adam": 2}
# Of a batch, each with gradients of its own.
PARTS = 8
# Validation judges by so many windows at most.
VALIDATION_WINDOWS = 4_000


class Part(BaseModel):
    """A part of a text."""

    characters: int
    windows: int = Field(description="Windows that begin at every `step`th character.")


class Split(BaseModel):
    """What is trained on, and what is held out to judge by."""

    training: Part
    validation: Part

    @classmethod
    def of(cls, spec: TrainingSpec, characters: int) -> "Split":
        """Return how a spec divides a text of ``N`` characters."""
        trained = spec.split(characters)
        held_out = characters - trained
        return cls(
            training=Part(characters=trained, windows=windows_of(trained, spec.window, spec.step)),
            validation=Part(characters=held_out, windows=windows_of(held_out, spec.window)),
        )

    def judged(self) -> int:
        """Return by how many windows a model is judged."""
        return min(self.validation.windows, VALIDATION_WINDOWS)

    def learned(self, spec: TrainingSpec) -> int:
        """Return how many windows are learned from in an epoch."""
        return min(self.training.windows, spec.max_windows or self.training.windows)


def epoch_cost(spec: TrainingSpec, characters: int, vocabulary_size: int) -> float:
    """Return what an epoch costs, in the operations of ``costs``: training, judging, a sample."""
    split = Split.of(spec, characters)
    training = split.learned(spec) * window_cost(spec, vocabulary_size)
    judging = split.judged() * judging_cost(spec, vocabulary_size)
    return training + judging + spec.sample_length * writing_cost(spec, vocabulary_size)


@dataclass(frozen=True)
class Needs:
    """What takes a run's memory, in bytes."""

    weights: int
    # Gradients, the optimizer's arrays, and copies on their way.
    optimizer: int
    activations: int
    text: int
    # TensorFlow's own.
    base: int

    @property
    def total(self) -> int:
        """All of it."""
        return sum(astuple(self))

    @classmethod
    def of_host(cls, spec: TrainingSpec, characters: int, vocabulary_size: int, gpu: bool) -> Self:
        """Return what the machine's memory holds of ``N`` characters, ``V`` of them different."""
        weights = FLOAT * parameters_of(spec, vocabulary_size)
        text = characters * (CHARACTER + (1 if vocabulary_size > 256 else 0))
        if gpu:
            return cls(weights, 2 * weights, 0, text, PROCESS_WITH_CARD)
        arrays = PARTS + _arrays(spec) - 1
        activations = _activations(spec, vocabulary_size, KEPT_OF_UNIT * FLOAT)
        return cls(weights, arrays * weights, activations, text, PROCESS)

    @classmethod
    def of_card(cls, spec: TrainingSpec, characters: int, vocabulary_size: int) -> Self:
        """Return what a GPU's memory holds."""
        weights = FLOAT * parameters_of(spec, vocabulary_size)
        text = _id_bytes(vocabulary_size) * characters
        each = KEPT_ON_CARD * (HALF if spec.precision == "mixed" else FLOAT)
        activations = _activations(spec, vocabulary_size, each)
        return cls(weights, (_arrays(spec) - 1) * weights, activations, text, CARD)


class Memory(BaseModel):
    """The most memory that a run holds, in bytes."""

    host: int
    device: int | None = Field(description="Of a GPU; null where there is none.")

    @classmethod
    def of(cls, spec: TrainingSpec, characters: int, vocabulary_size: int, gpu: bool) -> "Memory":
        """Return the memory for a text of ``N`` characters, ``V`` of them different."""
        host = Needs.of_host(spec, characters, vocabulary_size, gpu).total
        card = Needs.of_card(spec, characters, vocabulary_size).total if gpu else None
        return cls(host=host, device=card)


class Kept(BaseModel):
    """The checkpoints that a run leaves."""

    checkpoint: int = Field(description="Bytes of one.")
    checkpoints: int = Field(description="How many are kept at its end.")
    bytes: int = Field(description="Of all of them.")

    @classmethod
    def of(cls, spec: TrainingSpec, vocabulary_size: int) -> "Kept":
        """Return what a run to the last epoch leaves."""
        size = FLOAT * parameters_of(spec, vocabulary_size) + 3 * vocabulary_size
        size += FILE + FILE_OF_LAYER * spec.layers
        every = spec.epochs // spec.keep_every if spec.keep_every else 0
        # The newest, the best, and those that are kept for good.
        count = min(spec.epochs, spec.keep_checkpoints + 1 + every)
        return cls(checkpoint=size, checkpoints=count, bytes=size * count)


def _arrays(spec: TrainingSpec) -> int:
    """Return how many arrays of all parameters there are: weights, gradients, the optimizer's."""
    return 2 + REMEMBERED[spec.optimizer] + (1 if spec.ema_momentum else 0)


def _activations(spec: TrainingSpec, vocabulary_size: int, each: int) -> int:
    """Return the bytes of a batch on its way: ``B`` windows of ``T``, in ``L`` layers of ``H``,
    with ``each`` bytes of each unit at each place; logits are in full precision always."""
    guesses = spec.window if spec.loss_at == "every" else 1
    units = each * spec.window * spec.layers * spec.units
    return spec.batch_size * (units + FLOAT * 3 * guesses * vocabulary_size)


def _id_bytes(vocabulary_size: int) -> int:
    return 1 if vocabulary_size <= 2**8 else 2 if vocabulary_size <= 2**16 else 4
