"""The Keras model of a spec: standard layers, so that plain Keras opens what is stored."""

from typing import Any

import keras

from shared.specs import TrainingSpec
from worker.engine.randomness import Use, generator


def build(spec: TrainingSpec, vocabulary_size: int) -> Any:
    """Return the model: windows (B, T, V) one-hot to probabilities (B, V).

    Its weights are a pure function of ``rng_seed``: Glorot-uniform kernels, orthogonal recurrent
    kernels, and a forget bias of 1 (Keras' defaults, as in the article).
    """
    seeds = iter(generator(spec.rng_seed, Use.WEIGHTS).integers(2**31, size=9).tolist())
    layers: list[Any] = [keras.Input((spec.window, vocabulary_size), name="window")]
    for number in range(1, spec.layers + 1):
        layers.append(
            keras.layers.LSTM(
                spec.units,
                return_sequences=number < spec.layers,
                name=f"lstm_{number}",
                kernel_initializer=keras.initializers.GlorotUniform(next(seeds)),
                recurrent_initializer=keras.initializers.Orthogonal(seed=next(seeds)),
            )
        )
    layers.append(
        keras.layers.Dense(
            vocabulary_size,
            activation="softmax",
            name="characters",
            kernel_initializer=keras.initializers.GlorotUniform(next(seeds)),
        )
    )
    return keras.Sequential(layers, name="character_lstm")


def optimizer(spec: TrainingSpec) -> Any:
    """Return the optimizer that the spec names, with Keras' defaults but for the learning rate."""
    kinds = {
        "rmsprop": keras.optimizers.RMSprop,
        "adam": keras.optimizers.Adam,
        "sgd": keras.optimizers.SGD,
    }
    return kinds[spec.optimizer](learning_rate=spec.learning_rate)
