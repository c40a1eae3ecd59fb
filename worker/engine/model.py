"""The Keras model of a spec: standard layers, so that plain Keras opens what is stored."""

from typing import Any

import keras

from shared.specs import TrainingSpec
from worker.engine.naming import number_from_the_start
from worker.engine.randomness import Use, generator


def build(spec: TrainingSpec, vocabulary_size: int) -> Any:
    """Return the model: windows (B, T, V) one-hot to probabilities (B, V).

    Its weights are a pure function of ``rng_seed``: Glorot-uniform kernels, orthogonal recurrent
    kernels, and a forget bias of 1 (Keras' defaults, as in the article). Dropout follows each
    layer, as in Zaremba et al., "Recurrent neural network regularization" (2014).
    """
    number_from_the_start()
    kind = {"lstm": keras.layers.LSTM, "gru": keras.layers.GRU}[spec.cell]
    seeds = iter(generator(spec.rng_seed, Use.WEIGHTS).integers(2**31, size=9).tolist())
    layers: list[Any] = [keras.Input((spec.window, vocabulary_size), name="window")]
    for number in range(1, spec.layers + 1):
        layers.append(
            kind(
                spec.units,
                return_sequences=number < spec.layers,
                name=f"{spec.cell}_{number}",
                kernel_initializer=keras.initializers.GlorotUniform(next(seeds)),
                recurrent_initializer=keras.initializers.Orthogonal(seed=next(seeds)),
            )
        )
        if spec.dropout:
            layers.append(keras.layers.Dropout(spec.dropout, name=f"dropout_{number}"))
    layers.append(
        keras.layers.Dense(
            vocabulary_size,
            activation="softmax",
            name="characters",
            kernel_initializer=keras.initializers.GlorotUniform(next(seeds)),
        )
    )
    return keras.Sequential(layers, name=f"character_{spec.cell}")


def describe(model: Any) -> str:
    """Return the shapes that weights depend on, in words; the window is not among them."""
    *layers, dense = [layer for layer in model.layers if hasattr(layer, "units")]
    units = ", ".join(str(layer.units) for layer in layers)
    return f"{type(layers[0]).__name__} layers of {units} units for {dense.units} characters"
