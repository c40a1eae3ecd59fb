"""Training and judging in compiled calls of many batches, with the text on the device.

Shapes: ``K`` batches a call, ``B`` batch, ``R`` rows of a part, ``T`` window, ``V`` vocabulary,
``N`` characters of text.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from shared.specs import TrainingSpec
from worker.engine import masks
from worker.engine.lstm import on_processor
from worker.engine.network import Network
from worker.engine.optimizers import Optimizer
from worker.engine.replicas import Pieces, Replicas, add_up
from worker.engine.vocabulary import id_dtype

Tensors = list[tf.Tensor]
Arrays = list[NDArray[Any]]

# What a program is compiled for. Runs that agree on these share one: the rest are arguments.
SHAPE_FIELDS = {
    "window", "units", "layers", "cell", "batch_size", "optimizer", "adam_beta_2", "loss_at",
    "dropout", "input_dropout", "weight_decay", "clip_norm", "ema_momentum", "calibration",
    "precision", "devices",
}  # fmt: skip
PROGRAMS = 4
JUDGE_BATCH, MOST_PARTS = 256, 16
# In half precision the gradient of a mean over thousands of characters would be rounded to 0.
LOSS_SCALE = 1024.0

if not on_processor():
    # Left to itself a card sums in another order each time, and no run ends as it did before.
    tf.config.experimental.enable_op_determinism()


@dataclass(frozen=True)
class Values:
    """Everything that training changes: tensors, which nobody writes to."""

    weights: Tensors
    optimizer: Tensors

    @classmethod
    def of(cls, weights: Arrays, optimizer: Arrays) -> "Values":
        """Return the values that arrays hold."""
        return cls([tf.constant(array) for array in weights], [tf.constant(a) for a in optimizer])

    def weight_arrays(self) -> Arrays:
        """Return the weights as arrays."""
        return [tensor.numpy() for tensor in self.weights]

    def optimizer_arrays(self) -> Arrays:
        """Return the optimizer's state as arrays."""
        return [np.asarray(tensor.numpy()) for tensor in self.optimizer]


@dataclass(frozen=True)
class Batches:
    """``K`` batches: where their windows start (K, B), and how many of them count (K,).

    The last batch of an epoch is short: its other windows are computed and not counted.
    """

    starts: NDArray[np.int64]
    counts: NDArray[np.int32]

    @classmethod
    def cut(cls, starts: NDArray[np.int64], size: int) -> "Batches":
        """Return batches of ``size`` from starts in a row, the last one short if need be."""
        missing = -len(starts) % size
        counts = np.full((len(starts) + missing) // size, size, np.int32)
        counts[-1] -= missing
        return cls(np.pad(starts, (0, missing)).reshape(-1, size), counts)


def program(spec: TrainingSpec, vocabulary_size: int) -> "Program":
    """Return the program for a spec: that of an earlier run of the same shapes, if there is one."""
    return _program(TrainingSpec(**spec.model_dump(include=SHAPE_FIELDS)), vocabulary_size)


@lru_cache(PROGRAMS)
def _program(shape: TrainingSpec, vocabulary_size: int) -> "Program":
    return Program(shape, vocabulary_size)


class Program:
    """Compiled training and judging. It holds no values, so that runs can share it.

    A batch is cut into parts, whose gradients the cores compute side by side, and which are
    summed in one order always. Several devices share the parts of a batch out.
    """

    def __init__(self, shape: TrainingSpec, vocabulary_size: int):
        self._shape, self._rows = shape, rows_of(shape)
        self._network = Network(shape, vocabulary_size)
        self._optimizer = Optimizer(shape, self._network.decaying)
        self._text = tf.TensorSpec([None], id_dtype(vocabulary_size))
        self._replicas = replicas_of(shape)
        compiled = on_processor()  # XLA has no cuDNN
        self._teach = tf.function(self._teach_part, jit_compile=compiled)
        self._guess = tf.function(self._guess_part, jit_compile=compiled)
        self._update = tf.function(self._optimizer.update, jit_compile=compiled)
        self._train = tf.function(self._train_batches, input_signature=self._train_signature())
        self._judge = tf.function(self._judge_batch, input_signature=self._judge_signature())

    def start(self, weights: Arrays) -> Values:
        """Return the values of a run that starts from these weights."""
        return Values.of(weights, self._optimizer.start(weights))

    def train(
        self,
        values: Values,
        text: tf.Tensor,
        batches: Batches,
        rates: NDArray[np.float32],
        keys: NDArray[np.uint32],
    ) -> tuple[Values, NDArray[np.float32], NDArray[np.float32]]:
        """Return the values after ``K`` batches, and the mean losses and accuracies (K,) of each.

        ``text`` (N,) ids; ``rates`` (K,) learning rates; ``keys`` (K,) decide what dropout hides.
        Raises ``MemoryError`` where the device has too little.
        """
        # Whole parts only.
        starts = np.pad(batches.starts, ((0, 0), (0, -batches.starts.shape[1] % self._rows)))
        with _memory_errors():
            weights, slots, losses, hits = self._train(
                values.weights, values.optimizer, text, starts, batches.counts, rates, keys
            )
            return Values(weights, slots), losses.numpy(), hits.numpy()

    def shown(self, values: Values) -> Tensors:
        """Return the weights to judge, store and write with.

        Their logits are divided by ``calibration``: temperature scaling, Guo et al., "On
        calibration of modern neural networks" (2017).
        """
        *layers, kernel, bias = self._optimizer.shown(values.weights, values.optimizer)
        return [*layers, kernel / self._shape.calibration, bias / self._shape.calibration]

    def judge(
        self, values: Values, text: tf.Tensor, starts: NDArray[np.int64]
    ) -> Iterator[tuple[int, float, float]]:
        """Yield the mean loss and accuracy of the last characters of so many windows a time.

        Raises ``MemoryError``.
        """
        batches = Batches.cut(starts, JUDGE_BATCH)
        for places, windows in zip(batches.starts, batches.counts, strict=True):
            with _memory_errors():
                loss, hits = self._judge(self.shown(values), text, places, windows)
                yield int(windows), float(loss), float(hits)

    def _train_batches(
        self, weights: Tensors, slots: Tensors, text: tf.Tensor, starts: tf.Tensor,
        counts: tf.Tensor, rates: tf.Tensor, keys: tf.Tensor,
    ) -> Any:  # fmt: skip
        def body(k: tf.Tensor, weights: Tensors, slots: Tensors, told: list[Any]) -> Any:
            loss, hits, *gradients = self._taught(weights, text, starts[k], counts[k], keys[k])
            weights, slots = self._update(weights, slots, gradients, rates[k])
            told = [a.write(k, value) for a, value in zip(told, (loss, hits), strict=True)]
            return k + 1, weights, slots, told

        steps = tf.shape(starts)[0]
        told = [tf.TensorArray(tf.float32, steps, element_shape=()) for _ in range(2)]
        _, weights, slots, told = tf.while_loop(
            lambda k, *_: k < steps, body, (0, weights, slots, told), parallel_iterations=1
        )
        return weights, slots, *(array.stack() for array in told)

    def _taught(
        self, weights: Tensors, text: tf.Tensor, starts: tf.Tensor, count: tf.Tensor, key: tf.Tensor
    ) -> Tensors:
        """Return a batch's loss, accuracy and gradients."""
        if self._replicas:
            windows, share = self._windows(text, starts, count)
            return self._replicas.sums(self._teach, weights, windows, share, key)
        return add_up(
            [
                self._teach(weights, windows, share, masks.fold(key, number))
                for number, (windows, share) in enumerate(self._parts(text, starts, count))
            ]
        )

    def _judge_batch(
        self, weights: Tensors, text: tf.Tensor, starts: tf.Tensor, count: tf.Tensor
    ) -> Tensors:
        return add_up([self._guess(weights, *part) for part in self._parts(text, starts, count)])

    def _parts(
        self, text: tf.Tensor, starts: tf.Tensor, count: tf.Tensor
    ) -> Iterator[tuple[tf.Tensor, tf.Tensor]]:
        """Yield the windows (R, T + 1) of each part, and what each counts in the mean (R,)."""
        windows, share = self._windows(text, starts, count)
        for first in range(0, starts.shape[0], self._rows):
            part = slice(first, first + self._rows)
            yield windows[part], share[part]

    def _windows(
        self, text: tf.Tensor, starts: tf.Tensor, count: tf.Tensor
    ) -> tuple[tf.Tensor, tf.Tensor]:
        """Return the windows (B, T + 1) of a batch, and what each counts in the mean (B,)."""
        places = starts[:, None] + tf.range(self._shape.window + 1, dtype=tf.int64)
        windows = tf.cast(tf.gather(text, places), tf.int32)
        share = tf.sequence_mask(count, starts.shape[0], tf.float32) / tf.cast(count, tf.float32)
        return windows, share

    def _teach_part(
        self, weights: Tensors, windows: tf.Tensor, share: tf.Tensor, key: tf.Tensor,
        first: tf.Tensor | None = None,
    ) -> Tensors:  # fmt: skip
        """Return a part's share of the loss, of the accuracy and of the gradients.

        ``first`` is the part's row that the first of ``windows`` is, where they are not all of it.
        """
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(weights)
            logits = self._network.logits(weights, windows[:, :-1], key, first)
            loss, hits = _judged(logits, windows[:, 1:], share)
            scaled = loss * LOSS_SCALE
        return [loss, hits, *(g / LOSS_SCALE for g in tape.gradient(scaled, weights))]

    def _guess_part(self, weights: Tensors, windows: tf.Tensor, share: tf.Tensor) -> Tensors:
        """Return a part's share of the loss and the accuracy of the last characters."""
        logits = self._network.logits(weights, windows[:, :-1])
        return list(_judged(logits, windows[:, 1:], share))

    def _train_signature(self) -> list[Any]:
        weights = [tf.TensorSpec(variable.shape) for variable in self._network.variables]
        state = self._optimizer.start([np.zeros(spec.shape, np.float32) for spec in weights])
        slots = [tf.TensorSpec(array.shape, array.dtype) for array in state]
        whole = -(-self._shape.batch_size // self._rows) * self._rows
        each = [tf.TensorSpec([None], kind) for kind in (tf.int32, tf.float32, tf.uint32)]
        return [weights, slots, self._text, tf.TensorSpec([None, whole], tf.int64), *each]

    def _judge_signature(self) -> list[Any]:
        weights = [tf.TensorSpec(variable.shape) for variable in self._network.variables]
        starts, count = tf.TensorSpec([JUDGE_BATCH], tf.int64), tf.TensorSpec([], tf.int32)
        return [weights, self._text, starts, count]


def rows_of(shape: TrainingSpec) -> int:
    """Return how many windows a part has: as measured, and at least two parts of a batch.

    It does not depend on the number of cores, so that neither do the results.
    """
    if not on_processor():
        return shape.batch_size
    fastest = 16 if shape.units < 256 else 32
    # Each part has gradients of its own: a large batch must not have hundreds of them in memory.
    fastest = max(fastest, -(-shape.batch_size // MOST_PARTS))
    return min(fastest, -(-shape.batch_size // 2))


def replicas_of(shape: TrainingSpec) -> Replicas | None:
    """Return the devices that share the batches out; None for one. Raises ``TooFewDevices``."""
    if shape.devices == 1:
        return None
    rows = rows_of(shape)
    return Replicas(Pieces(-(-shape.batch_size // rows) * rows, rows, shape.devices))


def _judged(logits: tf.Tensor, targets: tf.Tensor, share: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """Return loss (cross-entropy in nats) and accuracy of logits (R, T, V), or (R, V) of the last
    characters, against targets (R, T); each window weighs its share (R,)."""
    if logits.shape.rank == 2:
        logits, targets = logits[:, None], targets[:, -1:]
    # From logits, where no probability can be rounded to 0.
    losses = tf.nn.sparse_softmax_cross_entropy_with_logits(targets, logits)
    guessed = tf.gather(logits, targets, batch_dims=2) >= tf.reduce_max(logits, -1)
    hits = tf.cast(tf.stop_gradient(guessed), tf.float32)
    loss, accuracy = (tf.reduce_sum(tf.reduce_mean(values, 1) * share) for values in (losses, hits))
    return loss, accuracy


@contextmanager
def _memory_errors() -> Iterator[None]:
    try:
        yield
    except tf.errors.ResourceExhaustedError as error:
        raise MemoryError(_what_found_no_room(error.message)) from error


def _what_found_no_room(message: str) -> str:
    """Return TensorFlow's words on it: where in the graph it was stands before and behind."""
    lines = message.splitlines() or [message]
    found = [line[line.index("OOM") :] for line in lines if "OOM" in line]
    return (found or lines)[0]
