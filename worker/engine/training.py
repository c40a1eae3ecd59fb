"""The training loop: one text, one model, top to bottom, reporting to whoever iterates.

Shapes: ``B`` batch, ``T`` window, ``V`` vocabulary, ``N`` characters of text. Losses are nats a
character.
"""

import copy
import math
import time
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from shared.errors import CorpusTooShort, Diverged, UserError
from shared.specs import GenerationSpec, TrainingSpec
from worker.engine import checkpoints, steps
from worker.engine.model import build, optimizer
from worker.engine.randomness import Use, generator
from worker.engine.sampling import CharacterModel, Stream, Writer
from worker.engine.state import Position, TrainingState
from worker.engine.vocabulary import Ids, Vocabulary
from worker.engine.windows import Order, batch, count, validation_starts

VALIDATION_BATCH = 500


@dataclass(frozen=True)
class Progress:
    """Where a run is inside an epoch.

    ``fraction`` (0 to 1) and ``eta_seconds`` are of the whole run's training; ``loss`` is the
    mean over the epoch so far; ``characters_per_second`` counts windows trained on, for each
    teaches one character.
    """

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
    """Means over one epoch: losses in nats, accuracies from 0 to 1, None without validation.

    ``seconds`` are of training: validation and samples are left out. ``characters_per_second``
    counts windows trained on, for each teaches one character.
    """

    epoch: int
    loss: float
    val_loss: float | None
    accuracy: float
    val_accuracy: float | None
    seconds: float
    characters_per_second: float


@dataclass(frozen=True)
class Sample:
    """Text that the model wrote after an epoch: the first text (stream 0) of a generation with
    this prompt, temperature and seed."""

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
        if len(ids) < spec.least_characters():
            raise CorpusTooShort(
                f"the text has {len(ids)} characters; this spec needs {spec.least_characters()}"
            )
        self.spec, self.vocabulary, self._ids = spec, vocabulary, ids
        self._progress_seconds, self._reported = progress_seconds, 0.0
        windows = count(spec.split(len(ids)), spec.window, spec.step)
        self._order = Order(windows, spec.rng_seed)
        self._per_epoch = min(windows, spec.max_windows or windows)
        self.steps = math.ceil(self._per_epoch / spec.batch_size)
        self._held_out = validation_starts(len(ids), spec)
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

        Progress comes while the epoch is validated and its sample written, too: whoever iterates
        may stop there. Raises ``Diverged`` naming epoch and step when a loss or weight is no
        finite number, ``MemoryError``.
        """
        while not self.finished:
            at = self._position
            yield from self._train_epoch()
            # Both belong to the epoch: a run that stops before its end does them again.
            record = self._record(*(yield from self._validate()))
            sample = (yield from self._sample(at.epoch)) if self.spec.sample_length else None
            self._position = Position(epoch=at.epoch + 1)
            yield EpochDone(record, sample)

    def _train_epoch(self) -> Iterator[Progress]:
        """Train to the epoch's end."""
        at = self._position
        self._reported = begun = time.perf_counter()
        while at.step < self.steps:
            self._step()
            at.seconds += time.perf_counter() - begun
            # What the listener does meanwhile is not training.
            yield from self._reports()
            begun = time.perf_counter()
        # The last step's loss is from before its update.
        if not all(np.isfinite(weight).all() for weight in self.model.get_weights()):
            raise self._diverged("a weight")
        yield self._progress()

    def _step(self) -> None:
        """Train on the next batch. Raises ``Diverged``."""
        spec, at = self.spec, self._position
        # The epoch's windows are the next ones of an endless row of permutations.
        first = (at.epoch - 1) * self._per_epoch + at.step * spec.batch_size
        last = min(first + spec.batch_size, at.epoch * self._per_epoch)
        starts = self._order.at(first, last) * spec.step
        loss, accuracy = self._train(batch(self._ids, starts, spec.window))
        at.loss += loss * (last - first)
        at.accuracy += accuracy * (last - first)
        at.windows += last - first
        at.step += 1
        if not math.isfinite(loss):
            raise self._diverged("the loss")

    def _reports(self) -> Iterator[Progress]:
        """Yield the progress if it is time to, counted from the end of the last report."""
        if time.perf_counter() - self._reported >= self._progress_seconds:
            yield self._progress()
            self._reported = time.perf_counter()

    def _progress(self) -> Progress:
        at, spec = self._position, self.spec
        done = (at.epoch - 1) * self._per_epoch + at.windows
        total = spec.epochs * self._per_epoch
        speed = at.windows / at.seconds
        return Progress(
            at.epoch,
            spec.epochs,
            at.step,
            self.steps,
            done / total,
            speed,
            (total - done) / speed,
            at.loss / at.windows,
        )

    def _diverged(self, what: str) -> Diverged:
        at, rate = self._position, self.spec.learning_rate
        return Diverged(
            f"{what} is no longer a finite number in epoch {at.epoch}, step {at.step} of "
            f"{self.steps}: try a learning rate under {rate:g}"
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

    def _validate(self) -> Generator[Progress, None, tuple[float | None, float | None]]:
        """Return loss and accuracy over the validation windows, or None where there are none."""
        size = len(self._held_out)
        if size == 0:
            return None, None
        sums = np.zeros(2)
        for first in range(0, size, VALIDATION_BATCH):
            starts = self._held_out[first : first + VALIDATION_BATCH]
            sums += np.array(self._judge(batch(self._ids, starts, self.spec.window))) * len(starts)
            yield from self._reports()
        loss, accuracy = sums / size
        if not math.isfinite(loss):
            raise self._diverged("the validation loss")
        return float(loss), float(accuracy)

    def _sample(self, epoch: int) -> Generator[Progress, None, Sample]:
        """Write text after a random excerpt; where it is, is a function of seed and epoch."""
        spec = self.spec
        rng = generator(spec.rng_seed, Use.SAMPLE, epoch)
        start, seed = int(rng.integers(len(self._ids) - spec.window)), int(rng.integers(2**31))
        prompt = self._ids[start : start + spec.window]
        generation = GenerationSpec(length=spec.sample_length, rng_seed=seed)
        stream = Stream(0, prompt, spec.sample_temperature)
        model = CharacterModel.from_keras(self.model)
        writer = Writer(model, self.vocabulary, [stream], generation, spec.window)
        text = ""
        for (piece,) in writer.run():
            text += piece
            yield from self._reports()
        return Sample(self.vocabulary.decode(prompt), text, spec.sample_temperature, seed)

    def _restore(self, state: TrainingState) -> None:
        self.model.set_weights(state.weights)
        for variable, value in zip(self._optimizer.variables, state.optimizer, strict=True):
            variable.assign(value)
        self._position = copy.copy(state.position)


def _copy_weights(source: Any, target: Any) -> None:
    """Copy a model's weights. Raises ``UserError`` naming what differs."""
    theirs, ours = _describe(source), _describe(target)
    if theirs != ours:
        raise UserError(f"the checkpoint's model has {theirs}; this spec and text need {ours}")
    target.set_weights(source.get_weights())


def _describe(model: Any) -> str:
    """Return the shapes that weights depend on, in words; the window is not among them."""
    *layers, dense = model.layers
    units = ", ".join(str(layer.units) for layer in layers)
    return f"LSTM layers of {units} units for {dense.units} characters"
