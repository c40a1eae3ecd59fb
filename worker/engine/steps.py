"""The two compiled steps: train on a batch, judge a batch."""

from collections.abc import Callable
from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from worker.engine.lstm import logits

Step = Callable[[NDArray[np.int32]], tuple[float, float]]


def train_step(model: Any, optimizer: Any) -> Step:
    """Return a step that trains on windows (B, T + 1) and returns mean loss and accuracy.

    The step raises ``MemoryError`` where the device has too little.
    """

    @tf.function(input_signature=[_windows(model)])  # type: ignore[untyped-decorator]
    def step(windows: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        with tf.GradientTape() as tape:
            loss, accuracy = _judge(model, windows)
        gradients = tape.gradient(loss, model.trainable_variables)
        optimizer.apply(gradients, model.trainable_variables)
        return loss, accuracy

    return _as_floats(step)


def judge_step(model: Any) -> Step:
    """Return a step that judges windows (B, T + 1): mean loss and accuracy."""

    @tf.function(input_signature=[_windows(model)])  # type: ignore[untyped-decorator]
    def step(windows: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        return _judge(model, windows)

    return _as_floats(step)


def _judge(model: Any, windows: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """Return the mean cross-entropy in nats of the last characters, and the share guessed."""
    targets = windows[:, -1]
    guesses = logits(model, windows[:, :-1])
    # From logits, where no probability can be rounded to 0.
    losses = tf.nn.sparse_softmax_cross_entropy_with_logits(targets, guesses)
    guessed = tf.argmax(guesses, axis=1, output_type=tf.int32) == targets
    return tf.reduce_mean(losses), tf.reduce_mean(tf.cast(guessed, tf.float32))


def _windows(model: Any) -> tf.TensorSpec:
    return tf.TensorSpec((None, model.input_shape[1] + 1), tf.int32)


def _as_floats(step: Any) -> Step:
    def run(windows: NDArray[np.int32]) -> tuple[float, float]:
        try:
            loss, accuracy = step(windows)
        except tf.errors.ResourceExhaustedError as error:
            raise MemoryError(error.message.partition("\n")[0]) from error
        return float(loss), float(accuracy)

    return run
