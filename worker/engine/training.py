"""The training loop: one text, one model, top to bottom, reporting to whoever iterates.

Shapes: ``B`` batch, ``T`` window, ``V`` vocabulary, ``N`` characters of text. Losses are nats a
character.
"""

import copy
import math
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from shared.errors import CorpusTooShort, Diverged, UserError
from shared.specs import GenerationSpec, TrainingSpec
from worker.engine import checkpoints, steps
from worker.engine.model import build, optimizer
from worker.engine.sampling import CharacterModel, Stream, Writer
from worker.engine.state import Position, TrainingState
from worker.engine.vocabulary import Ids, Vocabulary
from worker.engine.windows import Order, batch, count

VALIDATION_WINDOWS, VALIDATION_BATCH = 4_000, 500


@dataclass(frozen=True)
class Progress:
    """Where a run is inside an epoch. ``characters_per_second``: windows trained on a second,
    for each teaches one character. ``fraction`` is of the whole run."""

    epoch: int
    epochs: int
    step: int
    steps: int
    fraction: float
    characters_per_second: float
    eta_seconds: float
    loss: float


@dataclass(frozen=True)
class EpochRecord:
    """Means over one epoch; ``seconds`` of training, validation and samples left out."""

    epoch: int
    loss: float
    val_loss: float | None
    accuracy: float
    val_accuracy: float | None
    seconds: float
    characters_per_second: float


@dataclass(frozen=True)
class Sample:
    """Text that the model wrote after an epoch."""

    prompt: str
    text: str
    temperature: float
    rng_seed: int


@dataclass(frozen=True)
class EpochDone:
    """What an epoch leaves, besides the model."""

    record: EpochRecord
    sample: Sample | None


class TrainingRun:
    """A run of a spec over a text; iterate it to train."""

    def __init__(
        self,
        spec: TrainingSpec,
        ids: Ids,
        vocabulary: Vocabulary,
        *,
        state: TrainingState | None = None,
        weights_from: Any = None,
        progress_seconds: float = 0.5,
    ):
        """Prepare a run over ids (N,), from ``state`` or the weights of a model where given.

        Raises ``CorpusTooShort``, and ``UserError`` for a model of other shapes.
        """
        self.spec, self.vocabulary, self._ids = spec, vocabulary, ids
        self._progress_seconds = progress_seconds
        split = spec.split(len(ids))
        windows = count(split, spec.window, spec.step)
        if len(ids) < spec.least_characters():
            raise CorpusTooShort(
                f"the text has {len(ids)} characters; this spec needs {spec.least_characters()}"
            )
        self._order = Order(windows, spec.rng_seed)
        self._per_epoch = min(windows, spec.max_windows or windows)
        self.steps = math.ceil(self._per_epoch / spec.batch_size)
        self._held_out = _validation_starts(split, len(ids), spec)
        self.model = build(spec, len(vocabulary))
        self._optimizer = optimizer(spec)
        self._optimizer.build(self.model.trainable_variables)
        self._position = Position()
        if weights_from is not None:
            _copy_weights(weights_from, self.model)
        if state is not None:
            self._restore(state)
        self._train = steps.train_step(self.model, self._optimizer)
        self._judge = steps.judge_step(self.model)

    @property
    def finished(self) -> bool:
        """Whether every epoch is done."""
        return self._position.epoch > self.spec.epochs

    def position(self) -> dict[str, Any]:
        """Return where the run stands, for an event."""
        return {"epoch": self._position.epoch, "step": self._position.step}

    def state(self) -> TrainingState:
        """Return what a new run needs to go on from here exactly; call it between reports."""
        return TrainingState(
            self.model.get_weights(),
            [np.asarray(v) for v in self._optimizer.variables],
            copy.copy(self._position),
        )

    def save_model(self, path: Path) -> None:
        """Write the model as a plain ``.keras`` file."""
        checkpoints.save(self.model, path)

    def __iter__(self) -> Iterator[Progress | EpochDone]:
        """Train, yielding ``Progress`` now and then and ``EpochDone`` after each epoch.

        Raises ``Diverged`` naming epoch and step when the loss is not a finite number.
        """
        spec, window = self.spec, self.spec.window
        while not self.finished:
            at = self._position
            reported = begun = time.perf_counter()
            while at.step < self.steps:
                # The epoch's windows are the next ones of an endless row of permutations.
                first = (at.epoch - 1) * self._per_epoch + at.step * spec.batch_size
                last = min(first + spec.batch_size, at.epoch * self._per_epoch)
                starts = self._order.at(first, last) * spec.step
                loss, accuracy = self._train(batch(self._ids, starts, window))
                if not math.isfinite(loss):
                    raise Diverged(
                        f"the loss became {loss} in epoch {at.epoch}, step {at.step + 1} of "
                        f"{self.steps}: try a learning rate under {spec.learning_rate:g}"
                    )
                at.loss += loss * (last - first)
                at.accuracy += accuracy * (last - first)
                at.windows += last - first
                at.step += 1
                now = time.perf_counter()
                at.seconds, begun = at.seconds + now - begun, now
                if now - reported >= self._progress_seconds:
                    yield self._progress()
                    # What the listener did meanwhile is not training.
                    reported = begun = time.perf_counter()
            yield self._progress()
            # Validation belongs to the epoch: a run that stops before its end does it again.
            record = self._record(*self._validate())
            sample = self._sample(record.epoch) if spec.sample_length else None
            self._position = Position(epoch=at.epoch + 1)
            yield EpochDone(record, sample)

    def _progress(self) -> Progress:
        at, spec = self._position, self.spec
        done = (at.epoch - 1) * self.steps + at.step
        total = spec.epochs * self.steps
        speed = at.windows / at.seconds
        left = (total - done) * spec.batch_size / speed
        return Progress(
            at.epoch,
            spec.epochs,
            at.step,
            self.steps,
            done / total,
            speed,
            left,
            at.loss / at.windows,
        )

    def _record(self, val_loss: float | None, val_accuracy: float | None) -> EpochRecord:
        at = self._position
        return EpochRecord(
            at.epoch,
            at.loss / at.windows,
            val_loss,
            at.accuracy / at.windows,
            val_accuracy,
            at.seconds,
            at.windows / at.seconds,
        )

    def _validate(self) -> tuple[float | None, float | None]:
        """Return loss and accuracy over the validation windows, or None where there are none."""
        size = len(self._held_out)
        if size == 0:
            return None, None
        sums = np.zeros(2)
        for first in range(0, size, VALIDATION_BATCH):
            starts = self._held_out[first : first + VALIDATION_BATCH]
            sums += np.array(self._judge(batch(self._ids, starts, self.spec.window))) * len(starts)
        return float(sums[0] / size), float(sums[1] / size)

    def _sample(self, epoch: int) -> Sample:
        """Write text after a random excerpt; where it is, is a function of seed and epoch."""
        spec = self.spec
        start = np.random.default_rng([spec.rng_seed, epoch]).integers(len(self._ids) - spec.window)
        prompt = self._ids[start : start + spec.window]
        generation = GenerationSpec(length=spec.sample_length, rng_seed=spec.rng_seed)
        stream = Stream(epoch, prompt, spec.sample_temperature)
        model = CharacterModel.from_keras(self.model)
        writer = Writer(model, self.vocabulary, [stream], generation, spec.window)
        text = "".join(piece for (piece,) in writer.run())
        return Sample(self.vocabulary.decode(prompt), text, spec.sample_temperature, spec.rng_seed)

    def _restore(self, state: TrainingState) -> None:
        self.model.set_weights(state.weights)
        for variable, value in zip(self._optimizer.variables, state.optimizer, strict=True):
            variable.assign(value)
        self._position = copy.copy(state.position)


def _validation_starts(split: int, characters: int, spec: TrainingSpec) -> NDArray[np.int64]:
    """Return where the validation windows begin: all, or 4,000 drawn by a fixed seed.

    The same windows for every run of a text, so that runs can be compared.
    """
    if spec.validation_fraction == 0:
        return np.empty(0, np.int64)
    held_out = count(characters - split, spec.window)
    if held_out <= VALIDATION_WINDOWS:
        return split + np.arange(held_out)
    return split + np.random.default_rng(0).integers(0, held_out, VALIDATION_WINDOWS)


def _copy_weights(source: Any, target: Any) -> None:
    """Copy a model's weights. Raises ``UserError`` naming the shapes that differ."""
    theirs = [tuple(w.shape) for w in source.get_weights()]
    ours = [tuple(w.shape) for w in target.get_weights()]
    if theirs != ours:
        raise UserError(
            f"the checkpoint's weights have the shapes {theirs}; this spec and text need {ours}"
        )
    target.set_weights(source.get_weights())
