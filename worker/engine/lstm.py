"""LSTM and GRU layers with the weights and results of Keras' own, faster on a processor.

Shapes: ``B`` batch, ``T`` window, ``V`` vocabulary, ``H`` units, ``G`` all gates' units.
"""

from typing import Any

import keras
import tensorflow as tf

from worker.engine import recurrence
from worker.engine.recurrence import Tensors, recur


def on_processor() -> bool:
    """Whether TensorFlow has no GPU here: on one, Keras' layers use cuDNN."""
    return not tf.config.list_physical_devices("GPU")


class _Layer:
    """What both layers share: when the fast way is taken, and how."""

    fast_cell: recurrence.Cell

    def inner_loop(
        self: Any, sequences: tf.Tensor, initial_state: Any, mask: Any, training: bool = False
    ) -> Any:
        """Return last output, outputs (B, T, H) and last state; Keras calls this."""
        if mask is not None or not self.is_fast(training):
            return super().inner_loop(sequences, initial_state, mask, training)  # type: ignore[misc]
        kernel, recurrent, bias, own_bias = self.gate_weights()
        inputs = tf.transpose(tf.tensordot(sequences, kernel, 1) + bias, (1, 0, 2))
        state = tuple(tf.nest.flatten(initial_state))
        hidden, last = recur(self.fast_cell, inputs, recurrent, state, bias=own_bias)
        return last[0], tf.transpose(hidden, (1, 0, 2)), list(last)

    def read(self: Any, ids: tf.Tensor) -> tf.Tensor:
        """Return the outputs (B, T, H) for ids (B, T): those for one-hot inputs (B, T, V).

        The id V is a hidden character, whose input is zeros. The layer must be built, with
        ``return_sequences``.
        """
        kernel, recurrent, bias, own_bias = self.gate_weights()
        if not on_processor():
            return self(tf.one_hot(ids, kernel.shape[0]))
        state = tuple(tf.nest.flatten(self.get_initial_state(tf.shape(ids)[0])))
        rows = tf.pad(kernel, [[0, 1], [0, 0]]) + bias
        hidden, _ = recur(self.fast_cell, rows, recurrent, state, tf.transpose(ids), own_bias)
        return tf.transpose(hidden, (1, 0, 2))

    def is_fast(self: Any, training: bool) -> bool:
        """Whether this layer, as it is set up, can take the fast way here."""
        return (
            on_processor()
            and (self.activation, self.recurrent_activation)
            == (keras.activations.tanh, keras.activations.sigmoid)
            and self.use_bias
            and not self.go_backwards
            and not (training and (self.dropout or self.recurrent_dropout))
        )

    def gate_weights(self) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor | None]:
        """Return kernel (V, G), recurrent kernel (H, G), input bias and own bias (G)."""
        raise NotImplementedError


class LSTM(_Layer, keras.layers.LSTM):  # type: ignore[misc]
    """``keras.layers.LSTM``, faster on a processor; compile what uses it with XLA."""

    fast_cell = recurrence.LSTM()

    def gate_weights(self) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor | None]:
        """Return kernel, recurrent kernel and bias; the products have no bias of their own."""
        return *_tensors(self.cell.kernel, self.cell.recurrent_kernel, self.cell.bias), None


class GRU(_Layer, keras.layers.GRU):  # type: ignore[misc]
    """``keras.layers.GRU``, faster on a processor; compile what uses it with XLA."""

    fast_cell = recurrence.GRU()

    def is_fast(self, training: bool) -> bool:
        """Whether this layer can take the fast way: as above, and reset after the product."""
        return bool(self.reset_after and super().is_fast(training))

    def gate_weights(self) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor | None]:
        """Return kernel, recurrent kernel and both biases."""
        kernel, recurrent, bias = _tensors(
            self.cell.kernel, self.cell.recurrent_kernel, self.cell.bias
        )
        return kernel, recurrent, bias[0], bias[1]


def _tensors(*variables: Any) -> Tensors:
    # In a stateless scope Keras answers with other values; outside of one, with the variables
    # themselves, of which a custom gradient must know nothing.
    values = (keras.ops.convert_to_tensor(variable) for variable in variables)
    return tuple(tf.convert_to_tensor(value) for value in values)
