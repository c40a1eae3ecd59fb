"""The optimizers, as functions of values: Keras' own, without variables of theirs.

Keras' optimizers write to variables, and a compiled step with variables serves one run only.
State is laid out as theirs: steps done, learning rate, then each weight's arrays.
"""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from shared.specs import TrainingSpec

Tensors = list[tf.Tensor]
EPSILON = 1e-7


class Optimizer:
    """A spec's optimizer over weights, of which ``decaying`` tells which ones decay."""

    def __init__(self, spec: TrainingSpec, decaying: Sequence[bool]):
        # How many arrays a weight has; and the rule, from gradient, arrays, step (from 1) and
        # learning rate to what is taken off the weight, and the new arrays.
        rules: dict[str, tuple[int, Callable[..., tuple[tf.Tensor, Tensors]]]] = {
            "sgd": (0, _sgd),
            "rmsprop": (1, _rmsprop),
            "adam": (2, partial(_adam, beta_2=spec.adam_beta_2)),
        }
        self._arrays, self._rule = rules[spec.optimizer]
        self._clip_norm, self._decay, self._decaying = spec.clip_norm, spec.weight_decay, decaying
        self._momentum = spec.ema_momentum

    def start(self, weights: Sequence[NDArray[Any]]) -> list[NDArray[Any]]:
        """Return the state before the first step."""
        arrays = [np.zeros_like(weight) for weight in weights for _ in range(self._arrays)]
        averages = weights if self._momentum else []
        return [np.zeros((), np.int64), np.zeros((), np.float32), *arrays, *averages]

    def shown(self, weights: Tensors, state: Tensors) -> Tensors:
        """Return the weights to judge, store and write with: their averages, where asked for."""
        return state[-len(weights) :] if self._momentum else weights

    def update(
        self, weights: Tensors, state: Tensors, gradients: Tensors, rate: tf.Tensor
    ) -> tuple[Tensors, Tensors]:
        """Return weights and state after a step at a learning rate.

        Gradients are clipped by their common norm (Pascanu et al., 2013); decay stands apart
        from them (Loshchilov and Hutter, 2019).
        """
        if self._clip_norm is not None:
            gradients, _ = tf.clip_by_global_norm(gradients, self._clip_norm)
        step, arrays = state[0] + 1, iter(state[2:])
        new_weights, new_state = [], [step, rate]
        for weight, gradient, decays in zip(weights, gradients, self._decaying, strict=True):
            own = [next(arrays) for _ in range(self._arrays)]
            change, own = self._rule(gradient, own, tf.cast(step, tf.float32), rate)
            kept = 1 - self._decay * rate if decays and self._decay else 1
            new_weights.append(weight * kept - change)
            new_state += own
        return new_weights, new_state + self._averaged(list(arrays), new_weights, step)

    def _averaged(self, averages: Tensors, weights: Tensors, step: tf.Tensor) -> Tensors:
        """Return the averages after a step: Polyak and Juditsky (1992), but exponential.

        Early on they forget sooner, as TensorFlow's ``ExponentialMovingAverage`` does: an average
        must not hold on to where training began.
        """
        if self._momentum is None:
            return []
        done = tf.cast(step, tf.float32)
        momentum = tf.minimum(self._momentum, (1 + done) / (10 + done))
        return [
            average + (1 - momentum) * (weight - average)
            for average, weight in zip(averages, weights, strict=True)
        ]


def _sgd(
    gradient: tf.Tensor, arrays: Tensors, step: tf.Tensor, rate: tf.Tensor
) -> tuple[tf.Tensor, Tensors]:
    return rate * gradient, []


def _rmsprop(
    gradient: tf.Tensor, arrays: Tensors, step: tf.Tensor, rate: tf.Tensor
) -> tuple[tf.Tensor, Tensors]:
    """Tieleman and Hinton (2012)."""
    velocity = 0.9 * arrays[0] + 0.1 * gradient * gradient
    return rate * gradient / tf.sqrt(velocity + EPSILON), [velocity]


def _adam(
    gradient: tf.Tensor, arrays: Tensors, step: tf.Tensor, rate: tf.Tensor, beta_2: float
) -> tuple[tf.Tensor, Tensors]:
    """Kingma and Ba (2015), in the form that ends section 2."""
    momentum = arrays[0] + 0.1 * (gradient - arrays[0])
    velocity = arrays[1] + (1 - beta_2) * (gradient * gradient - arrays[1])
    corrected = rate * tf.sqrt(1 - beta_2**step) / (1 - 0.9**step)
    return corrected * momentum / (tf.sqrt(velocity) + EPSILON), [momentum, velocity]
