"""The optimizers, against Keras' own."""

from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from shared.specs import TrainingSpec
from worker.engine.optimizers import Optimizer

SHAPES = [(3, 4), (4,), (4, 5), (5,)]
DECAYING = [True, False, True, False]


def arrays(seed: int) -> list[Any]:
    """Return an array of each shape."""
    rng = np.random.default_rng(seed)
    return [rng.normal(size=shape).astype(np.float32) for shape in SHAPES]


def ours(spec: TrainingSpec, rates: list[float]) -> tuple[list[Any], list[Any]]:
    """Return weights and state after a step at each rate."""
    optimizer = Optimizer(spec, DECAYING)
    weights, state = arrays(0), optimizer.start(arrays(0))
    for number, rate in enumerate(rates, 1):
        gradients = list(map(tf.constant, arrays(number)))
        weights, state = optimizer.update(weights, state, gradients, tf.constant(rate))
    return [np.asarray(w) for w in weights], [np.asarray(s) for s in state]


def theirs(made: Any, rates: list[float]) -> tuple[list[Any], list[Any]]:
    """The same with a Keras optimizer."""
    variables = [
        keras.Variable(array, name="kernel" if decays else "bias")
        for array, decays in zip(arrays(0), DECAYING, strict=True)
    ]
    made.exclude_from_weight_decay(var_names=["bias"])
    made.build(variables)
    for number, rate in enumerate(rates, 1):
        made.learning_rate = rate
        made.apply(list(map(tf.constant, arrays(number))), variables)
    return [np.asarray(v) for v in variables], [np.asarray(v) for v in made.variables]


def test_adams_second_beta_is_the_specs() -> None:
    """0.9 forgets the size of past gradients sooner than 0.999."""
    spec = TrainingSpec(optimizer="adam", adam_beta_2=0.9)
    found = ours(spec, [0.1] * 5)[0]
    expected = theirs(keras.optimizers.Adam(0.1, beta_2=0.9), [0.1] * 5)[0]
    for mine, keras_own in zip(found, expected, strict=True):
        np.testing.assert_allclose(mine, keras_own, atol=1e-6)


def test_averages_are_a_moving_mean_of_the_weights() -> None:
    """By the formula, step by step, behind the optimizer's own state."""
    spec = TrainingSpec(optimizer="sgd", ema_momentum=0.5)
    optimizer, weights = Optimizer(spec, DECAYING), arrays(0)
    state, averages = optimizer.start(weights), arrays(0)
    for number in range(1, 15):
        gradients = list(map(tf.constant, arrays(number)))
        weights, state = optimizer.update(weights, state, gradients, tf.constant(0.1))
        share = min(0.5, (1 + number) / (10 + number))
        averages = [share * a + (1 - share) * w for a, w in zip(averages, weights, strict=True)]
    for ours, expected in zip(optimizer.shown(weights, state), averages, strict=True):
        np.testing.assert_allclose(ours, expected, atol=1e-6)


@pytest.mark.parametrize("clip_norm", [None, 0.5, 1000.0])
@pytest.mark.parametrize("decay", [0.0, 0.3])
@pytest.mark.parametrize("name", ["SGD", "RMSprop", "Adam"])
def test_steps_are_keras_own(name: str, decay: float, clip_norm: float | None) -> None:
    """Weights and state after five steps at several rates, clipped and decayed or not."""
    spec = TrainingSpec.model_validate(
        {"optimizer": name.lower(), "weight_decay": decay, "clip_norm": clip_norm}
    )
    rates = [0.1, 0.02, 0.05, 0.01, 0.1]
    made = getattr(keras.optimizers, name)(
        0.1, weight_decay=decay or None, global_clipnorm=clip_norm
    )
    found, expected = ours(spec, rates), theirs(made, rates)
    for mine, keras_own in zip(found[0], expected[0], strict=True):
        np.testing.assert_allclose(mine, keras_own, atol=1e-6)
    # Resume states of runs that Keras' optimizers trained fit: the same arrays in one order.
    for mine, keras_own in zip(found[1], expected[1], strict=True):
        assert mine.shape == keras_own.shape
        np.testing.assert_allclose(mine, keras_own, atol=1e-6)
