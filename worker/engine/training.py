"""The training loop: one text, one model, top to bottom, reporting to whoever iterates.

Shapes: ``B`` batch, ``K`` batches a call, ``T`` window, ``V`` vocabulary, ``N`` characters of
text. Losses are nats a character.
"""

import copy
import math
import time
from collections.abc import Generator, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from shared.errors import CorpusTooShort, Diverged
from shared.said import said
from shared.specs import TrainingSpec
from worker.engine import checkpoints
from worker.engine.characters import CharacterModel
from worker.engine.growth import Start
from worker.engine.model import build
from worker.engine.program import Batches, Values, program
from worker.engine.randomness import Use, generator
from worker.engine.rates import learning_rates
from worker.engine.reports import EpochDone, EpochRecord, Progress, Sample
from worker.engine.samples import beginning, writing
from worker.engine.state import Position, TrainingState
from worker.engine.vocabulary import Ids, Vocabulary
from worker.engine.windows import Order, count, validation_starts

# A call's share of the time between two reports: a run that is told to stop soon hears of it.
CALL_SHARE = 0.4
# How often a sample that is being written is told of, at least.
SAMPLE_SECONDS = 0.1
MOST_BATCHES = 256


class TrainingRun:
    """A run of a spec over a text; iterate it to train."""

    def __init__(
        self,
        spec: TrainingSpec,
        ids: Ids,
        vocabulary: Vocabulary,
        *,
        state: TrainingState | None = None,
        start: Start | None = None,
        progress_seconds: float = 0.5,
    ):
        """Prepare a run over ids (N,), from ``state`` or from a trained model where given.

        Raises ``CorpusTooShort``, ``TooFewDevices``, and ``UserError`` for a model that does not
        fit.
        """
        if len(ids) < spec.least_characters():
            raise CorpusTooShort(
                f"the text has {len(ids)} characters; this spec needs {spec.least_characters()}"
            )
        self.spec, self.vocabulary = spec, vocabulary
        # The only copy that is kept.
        self._text = tf.constant(ids)
        self._progress_seconds, self._reported, self._batches = progress_seconds, 0.0, 1
        windows = count(spec.split(len(ids)), spec.window, spec.step)
        self._order = Order(windows, spec.rng_seed)
        self._per_epoch = min(windows, spec.max_windows or windows)
        self.steps = math.ceil(self._per_epoch / spec.batch_size)
        self._held_out = validation_starts(len(ids), spec)
        self._mask_key = int(generator(spec.rng_seed, Use.MASKS).integers(2**32))
        self._program = program(spec, len(vocabulary))
        self._model = build(spec, len(vocabulary))
        if start is not None:
            self._model.set_weights(start.weights(self._model, vocabulary))
        self._position = copy.copy(state.position) if state else Position()
        self._values = (
            Values.of(state.weights, state.optimizer)
            if state
            else self._program.start(self._model.get_weights())
        )

    @property
    def model(self) -> Any:
        """The Keras model as it is now, of averaged weights where the spec says so."""
        self._model.set_weights([w.numpy() for w in self._program.shown(self._values)])
        return self._model

    @property
    def finished(self) -> bool:
        """Whether every epoch is done, or the run stopped early."""
        return self._position.epoch > self.spec.epochs or self.stopped_early

    @property
    def stopped_early(self) -> bool:
        """Whether ``patience`` ran out before the last epoch."""
        patience, at = self.spec.patience, self._position
        return patience is not None and at.waited >= patience and at.epoch <= self.spec.epochs

    def position(self) -> dict[str, Any]:
        """Return where the run stands, for an event."""
        return {"epoch": self._position.epoch, "step": self._position.step}

    def early_end(self) -> dict[str, Any]:
        """Return the last epoch and the best one, for the event of an early stop."""
        last = self._position.epoch - 1
        return {"epoch": last, "best_epoch": last - self._position.waited}

    def state(self) -> TrainingState:
        """Return what a new run needs to go on from here exactly; call it between reports."""
        values = self._values
        return TrainingState(
            values.weight_arrays(), values.optimizer_arrays(), copy.copy(self._position)
        )

    def save_model(self, path: Path) -> None:
        """Write the model as a plain ``.keras`` file."""
        checkpoints.save(self.model, path)

    def __iter__(self) -> Iterator[Progress | EpochDone]:
        """Train, yielding ``Progress`` now and then and ``EpochDone`` after each epoch.

        Progress comes while the epoch is validated and its samples written, too: whoever iterates
        may stop there. Raises ``Diverged`` naming epoch and step when a loss or weight is no
        finite number, ``MemoryError``.
        """
        while not self.finished:
            at = self._position
            yield from self._train_epoch()
            # Both belong to the epoch: a run that stops before its end does them again.
            record = self._record(*(yield from self._validate()))
            samples = yield from self._samples(at.epoch)
            self._position = at.next(record.val_loss)
            yield EpochDone(record, samples)

    def _train_epoch(self) -> Iterator[Progress]:
        """Train to the epoch's end."""
        at = self._position
        self._reported = begun = time.perf_counter()
        while at.step < self.steps:
            batches = min(self._batches, self.steps - at.step)
            self._train(batches)
            spent = time.perf_counter() - begun
            at.seconds += spent
            self._batches = self._at_once(spent / batches)
            # What the listener does meanwhile is not training.
            yield from self._reports()
            begun = time.perf_counter()
        # The last step's loss is from before its update.
        if not all(np.isfinite(weight).all() for weight in self._values.weight_arrays()):
            raise self._diverged(said("a weight"))
        yield self._progress()

    def _at_once(self, seconds: float) -> int:
        """Return how many batches the next call shall have, when one takes so many seconds."""
        fitting = CALL_SHARE * self._progress_seconds / seconds
        # Never many more than before: the first call of a process takes its time to compile.
        return max(1, min(int(fitting), 4 * self._batches, MOST_BATCHES))

    def _train(self, batches: int) -> None:
        """Train on the next batches. Raises ``Diverged``."""
        at = self._position
        done = (at.epoch - 1) * self.steps + at.step
        cut = self._cut(batches)
        rates = self._rates(done, batches).astype(np.float32)
        keys = (self._mask_key + done + np.arange(batches)).astype(np.uint32)
        self._values, losses, hits = self._program.train(self._values, self._text, cut, rates, keys)
        for windows, loss, accuracy in zip(cut.counts, losses, hits, strict=True):
            at.add(int(windows), float(loss), float(accuracy))
            if not math.isfinite(loss):
                raise self._diverged(said("the loss"))

    def _rates(self, first: int, count: int) -> NDArray[np.float64]:
        """Return the learning rates (count,) of steps from ``first``, 0 being the run's first."""
        return learning_rates(self.spec, first, count, self.spec.epochs * self.steps)

    def _cut(self, batches: int) -> Batches:
        """Return the next batches: those of an epoch go on in an endless row of permutations."""
        at, size = self._position, self.spec.batch_size
        first = at.step * size
        last = min(first + batches * size, self._per_epoch)
        epoch = (at.epoch - 1) * self._per_epoch
        return Batches.cut(self._order.at(epoch + first, epoch + last) * self.spec.step, size)

    def _reports(self, sample: Sample | None = None) -> Iterator[Progress]:
        """Yield the progress if it is time to, counted from the end of the last report.

        A sample is told of more often: somebody reads along.
        """
        wanted = min(self._progress_seconds, SAMPLE_SECONDS) if sample else self._progress_seconds
        if time.perf_counter() - self._reported >= wanted:
            yield replace(self._progress(), sample=sample)
            self._reported = time.perf_counter()

    def _progress(self) -> Progress:
        at, spec = self._position, self.spec
        done = (at.epoch - 1) * self._per_epoch + at.windows
        total = spec.epochs * self._per_epoch
        return Progress(
            at.epoch,
            spec.epochs,
            at.step,
            self.steps,
            done / total,
            self._speed(),
            (total - done) * at.seconds / at.windows,
            at.loss / at.windows,
        )

    def _speed(self) -> float:
        """Return the characters a second that were learned from in this epoch."""
        each = self.spec.window if self.spec.loss_at == "every" else 1
        return self._position.windows * each / self._position.seconds

    def _diverged(self, what: str) -> Diverged:
        at, rate = self._position, self.spec.learning_rate
        return Diverged(
            said(
                "{why} is no longer a finite number in epoch {epoch}, step {step} of {steps}: "
                "try a learning rate under {rate}",
                why=what,
                epoch=at.epoch,
                step=at.step,
                steps=self.steps,
                rate=f"{rate:g}",
            )
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
            self._speed(),
            float(self._rates(at.epoch * self.steps - 1, 1)[0]),
        )

    def _validate(self) -> Generator[Progress, None, tuple[float | None, float | None]]:
        """Return loss and accuracy over the validation windows, or None where there are none."""
        if len(self._held_out) == 0:
            return None, None
        sums = np.zeros(2)
        for windows, loss, accuracy in self._program.judge(
            self._values, self._text, self._held_out
        ):
            sums += np.array([loss, accuracy]) * windows
            yield from self._reports()
        loss, accuracy = sums / len(self._held_out)
        if not math.isfinite(loss):
            raise self._diverged(said("the validation loss"))
        return float(loss), float(accuracy)

    def _samples(self, epoch: int) -> Generator[Progress, None, tuple[Sample, ...]]:
        """Write the epoch's samples, one after the other."""
        if not self.spec.sample_length:
            return ()
        begun = beginning(self.spec, self.vocabulary, self._text, epoch)
        model = CharacterModel.from_keras(self.model)
        written = []
        for temperature in self.spec.sample_temperatures():
            for sample in writing(self.spec, model, self.vocabulary, begun, temperature):
                yield from self._reports(sample)
            written.append(sample)
        return tuple(written)
