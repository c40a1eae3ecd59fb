"""Stacked LSTMs over ids, on the Keras layers' own weights.

Shapes: ``B`` batch, ``T`` window, ``V`` vocabulary, ``H`` units.
"""

from typing import Any

import tensorflow as tf

# Measured on two cores with H = 128: up to here a one-hot batch (B, T, V) and Keras' layer are
# faster than rows (V = 65: 3,100 windows/s against 2,000), from here on slower, and the batch is
# large (V = 4,000: 350 against 1,870, and 205 MB).
ONE_HOT_VOCABULARY = 256


def logits(model: Any, ids: tf.Tensor) -> tf.Tensor:
    """Return the logits (B, V) of the character behind each of the windows ids (B, T)."""
    *layers, dense = model.layers
    vocabulary = dense.units
    # cuDNN, which Keras' layer uses on a GPU, wants the one-hot batch whatever its size.
    if vocabulary <= ONE_HOT_VOCABULARY or tf.config.list_physical_devices("GPU"):
        hidden = _by_layers(layers, tf.one_hot(ids, vocabulary))
    else:
        hidden = by_rows(layers, ids)
    return tf.matmul(hidden, dense.kernel) + dense.bias


def _by_layers(layers: list[Any], inputs: tf.Tensor) -> tf.Tensor:
    for layer in layers:
        inputs = layer(inputs)
    return inputs


def by_rows(layers: list[Any], ids: tf.Tensor) -> tf.Tensor:
    """Return the last hidden states (B, H) after ids (B, T), with no one-hot array.

    One-hot times a kernel is a row of the kernel.
    """
    kernel, recurrent, bias = layers[0].weights
    hidden = _recur(tf.gather(kernel, tf.transpose(ids)) + bias, recurrent)
    for layer in layers[1:]:
        kernel, recurrent, bias = layer.weights
        hidden = _recur(tf.tensordot(hidden, kernel, 1) + bias, recurrent)
    return hidden[-1]


def _recur(inputs: tf.Tensor, recurrent: Any) -> tf.Tensor:
    """Return the hidden states (T, B, H) for inputs (T, B, 4H): Hochreiter and Schmidhuber
    (1997) with the forget gate of Gers et al. (2000), gates in Keras' order."""

    def step(state: tuple[tf.Tensor, tf.Tensor], inputs: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        h, c = state
        i, f, g, o = tf.split(inputs + tf.matmul(h, recurrent), 4, axis=1)
        c = tf.sigmoid(f) * c + tf.sigmoid(i) * tf.tanh(g)
        return tf.sigmoid(o) * tf.tanh(c), c

    zeros = tf.zeros((tf.shape(inputs)[1], recurrent.shape[0]))
    return tf.scan(step, inputs, (zeros, zeros))[0]
