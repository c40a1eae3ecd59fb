"""A spec's layers as they train: from ids to logits, on weights that are handed in.

Shapes: ``B`` batch, ``T`` window, ``V`` vocabulary, ``H`` units.
"""

from typing import Any

import keras
import tensorflow as tf

from shared.specs import TrainingSpec
from worker.engine import masks
from worker.engine.lstm import GRU, LSTM, on_processor


class Network:
    """Layers without values: their weights are arguments, in the order of the Keras model's."""

    def __init__(self, spec: TrainingSpec, vocabulary_size: int):
        self._spec = spec
        policy = "mixed_float16" if mixed(spec) else "float32"
        kind: Any = {"lstm": LSTM, "gru": GRU}[spec.cell]
        self._layers = [
            kind(spec.units, return_sequences=True, dtype=policy) for _ in range(spec.layers)
        ]
        self._dense = keras.layers.Dense(vocabulary_size)
        inputs = vocabulary_size
        for layer in self._layers:
            layer.build((None, spec.window, inputs))
            inputs = spec.units
        self._dense.build((None, spec.units))

    @property
    def variables(self) -> list[Any]:
        """The variables that the weights stand for: of shape and name only."""
        return [v for layer in (*self._layers, self._dense) for v in layer.trainable_variables]

    @property
    def decaying(self) -> list[bool]:
        """Which of the weights decay: all but biases."""
        return [not variable.name.endswith("bias") for variable in self.variables]

    def logits(
        self, weights: list[tf.Tensor], ids: tf.Tensor, key: tf.Tensor | None = None,
        first: tf.Tensor | None = None,
    ) -> tf.Tensor:  # fmt: skip
        """Return the logits (B, T, V) behind each of ids (B, T), or (B, V) behind the last.

        ``key`` decides what dropout hides; without one, nothing is hidden. ``first`` is the place
        of the first row, where ids are rows of more that a key decides about.
        """
        with keras.StatelessScope(list(zip(self.variables, weights, strict=True))):
            hidden = self._layers[0].read(self._hidden(ids, key, first))
            for number, layer in enumerate(self._layers[1:], 1):
                hidden = layer(self._dropped(hidden, key, number, first))
            if key is None or self._spec.loss_at == "last":
                hidden = hidden[:, -1]
            return self._dense(tf.cast(self._dropped(hidden, key, 0, first), tf.float32))

    def _hidden(self, ids: tf.Tensor, key: tf.Tensor | None, first: tf.Tensor | None) -> tf.Tensor:
        """Hide characters, as the word dropout of Bowman et al. (2016) does: no input is scaled."""
        rate = self._spec.input_dropout
        if key is None or not rate:
            return ids
        mask = masks.keep(tf.shape(ids), masks.fold(key, self._spec.layers), rate, first)
        return tf.where(mask > 0, ids, tf.cast(self._dense.units, ids.dtype))

    def _dropped(
        self, hidden: tf.Tensor, key: tf.Tensor | None, number: int, first: tf.Tensor | None
    ) -> tf.Tensor:
        """Dropout between layers and before the last one, as Zaremba et al. (2014) place it."""
        if key is None or not self._spec.dropout:
            return hidden
        key = masks.fold(key, number)
        kept = masks.keep(tf.shape(hidden), key, self._spec.dropout, first)
        return hidden * tf.cast(kept, hidden.dtype)


def mixed(spec: TrainingSpec) -> bool:
    """Whether a spec computes in half precision here: only a GPU gains by it."""
    return spec.precision == "mixed" and not on_processor()
