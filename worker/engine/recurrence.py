"""The recurrences of LSTM and GRU layers on a processor, with a gradient of their own.

Shapes: ``T`` steps, ``B`` sequences, ``H`` units, ``G`` all gates' units (4H or 3H), ``V`` rows.
Time goes first, so that a step is one block of memory.

TensorFlow's gradient of a loop sums the weights' gradient step by step. Here the forward loop
leaves the factors that the backward loop multiplies with, the backward loop has one product a
step, and the weights' gradient is one large product at the end: Appleyard, Kocisky and Blunsom,
"Optimizing performance of recurrent neural networks on GPUs" (2016). Compile it with XLA.
"""

from typing import Any, Protocol

import tensorflow as tf

Tensors = tuple[tf.Tensor, ...]


class Cell(Protocol):
    """One step of a recurrence, forth and back. The first part of a state is h (B, H).

    ``gradients`` is 1 where the gradients of inputs and products are one and the same, else 2.
    """

    gradients: int

    def step(
        self, inputs: tf.Tensor, products: tf.Tensor, state: Tensors
    ) -> tuple[Tensors, Tensors]:
        """Return the next state and the factors that ``back`` needs.

        ``inputs`` (B, G); ``products`` (B, G) are h times the recurrent weights, plus their bias.
        """
        ...

    def back(self, gradient: Tensors, factors: Tensors) -> tuple[tf.Tensor, tf.Tensor, Tensors]:
        """Return the gradients of inputs and products, and of the state before, but for what
        reaches it through the products."""
        ...


class LSTM:
    """Hochreiter and Schmidhuber (1997), with the forget gate of Gers et al. (2000).

    State (h, c); gates in Keras' order: input, forget, cell, output.
    """

    gradients = 1

    def step(
        self, inputs: tf.Tensor, products: tf.Tensor, state: Tensors
    ) -> tuple[Tensors, Tensors]:
        """See ``Cell``."""
        before = state[1]
        i, f, g, o = tf.split(_lstm_gates(inputs + products), 4, axis=-1)
        c = f * before + i * g
        squashed = tf.tanh(c)
        slopes = tf.concat(
            [g * i * (1 - i), before * f * (1 - f), i * (1 - g * g), squashed * o * (1 - o)], -1
        )
        return (o * squashed, c), (slopes, o * (1 - squashed * squashed), f)

    def back(self, gradient: Tensors, factors: Tensors) -> tuple[tf.Tensor, tf.Tensor, Tensors]:
        """See ``Cell``."""
        dh, dc = gradient
        slopes, into_cell, f = factors
        dc = dc + dh * into_cell
        dz = tf.concat([dc, dc, dc, dh], -1) * slopes
        return dz, dz, (tf.zeros_like(dh), dc * f)


class GRU:
    """Cho et al. (2014), reset after the product, as Keras and cuDNN compute it.

    State (h,); gates in Keras' order: update, reset, candidate.
    """

    gradients = 2

    def step(
        self, inputs: tf.Tensor, products: tf.Tensor, state: Tensors
    ) -> tuple[Tensors, Tensors]:
        """See ``Cell``."""
        (before,) = state
        x_z, x_r, x_h = tf.split(inputs, 3, axis=-1)
        p_z, p_r, p_h = tf.split(products, 3, axis=-1)
        z, r = sigmoid(x_z + p_z), sigmoid(x_r + p_r)
        candidate = tf.tanh(x_h + r * p_h)
        into_candidate = (1 - z) * (1 - candidate * candidate)
        slopes = tf.concat(
            [
                (before - candidate) * z * (1 - z),
                into_candidate * p_h * r * (1 - r),
                into_candidate * r,
            ],
            -1,
        )
        return (z * before + (1 - z) * candidate,), (slopes, into_candidate, z)

    def back(self, gradient: Tensors, factors: Tensors) -> tuple[tf.Tensor, tf.Tensor, Tensors]:
        """See ``Cell``."""
        (dh,) = gradient
        slopes, into_candidate, z = factors
        products = tf.concat([dh, dh, dh], -1) * slopes
        units = dh.shape[-1]
        inputs = tf.concat([products[:, : 2 * units], dh * into_candidate], -1)
        return inputs, products, (dh * z,)


def recur(
    cell: Cell,
    inputs: tf.Tensor,
    recurrent: tf.Tensor,
    state: Tensors,
    ids: tf.Tensor | None = None,
    bias: tf.Tensor | None = None,
) -> tuple[tf.Tensor, Tensors]:
    """Return the hidden states (T, B, H) and the last state.

    ``inputs`` (T, B, G), or with ``ids`` (T, B) the rows (V, G) that they stand for;
    ``recurrent`` (H, G); ``bias`` (G) of the products, where there is one.
    """

    @tf.custom_gradient  # type: ignore[untyped-decorator]
    def run(inputs: tf.Tensor, recurrent: tf.Tensor, *rest: tf.Tensor) -> Any:
        state, bias = rest[: len(first)], rest[len(first) :]
        source = _Inputs(inputs, ids)
        hidden, last, factors = _forth(cell, source, recurrent, bias, state)

        def gradient(d_hidden: tf.Tensor, *d_last: tf.Tensor) -> Tensors:
            d_inputs, d_products, d_first = _back(cell, recurrent, factors, d_hidden, d_last)
            before = tf.concat([state[0][None], hidden[:-1]], 0)
            d_recurrent = tf.matmul(_flat(before), _flat(d_products), transpose_a=True)
            d_bias = [tf.reduce_sum(d_products, [0, 1]) for _ in bias]
            return source.gradient(d_inputs), d_recurrent, *d_first, *d_bias

        return (hidden, *last), gradient

    first = state
    hidden, *last = run(inputs, recurrent, *state, *([] if bias is None else [bias]))
    return hidden, tuple(last)


def sigmoid(x: tf.Tensor) -> tf.Tensor:
    """Return the logistic function of ``x``, by tanh: a quarter of the time of XLA's own."""
    return 0.5 * tf.tanh(0.5 * x) + 0.5


class _Inputs:
    """What a step reads: a place of an array, or the rows that ids stand for.

    One-hot times a matrix is a row of the matrix, so no one-hot array is ever made.
    """

    def __init__(self, inputs: tf.Tensor, ids: tf.Tensor | None):
        self._inputs, self._ids = inputs, ids

    def steps(self) -> tf.Tensor:
        return tf.shape(self._inputs if self._ids is None else self._ids)[0]

    def at(self, t: tf.Tensor) -> tf.Tensor:
        return self._inputs[t] if self._ids is None else tf.gather(self._inputs, self._ids[t])

    def gradient(self, d_inputs: tf.Tensor) -> tf.Tensor:
        if self._ids is None:
            return d_inputs
        rows = tf.shape(self._inputs)[0]
        return tf.math.unsorted_segment_sum(_flat(d_inputs), tf.reshape(self._ids, [-1]), rows)


def _forth(
    cell: Cell, inputs: _Inputs, recurrent: tf.Tensor, bias: Tensors, state: Tensors
) -> tuple[tf.Tensor, Tensors, list[tf.Tensor]]:
    """Return the hidden states (T, B, H), the last state and the factors of each step."""
    steps = inputs.steps()

    def body(t: tf.Tensor, state: Tensors, arrays: list[Any]) -> Any:
        products = sum(bias, tf.matmul(state[0], recurrent))
        state, factors = cell.step(inputs.at(t), products, state)
        stored = (state[0], *factors)
        arrays = [array.write(t, value) for array, value in zip(arrays, stored, strict=True)]
        return t + 1, state, arrays

    units = recurrent.shape[0]
    widths = (units, recurrent.shape[1], units, units)
    arrays = [_array(steps, state[0], width) for width in widths]
    _, last, arrays = tf.while_loop(
        lambda t, *_: t < steps, body, (0, state, arrays), maximum_iterations=steps
    )
    hidden, *factors = [array.stack() for array in arrays]
    return hidden, last, factors


def _back(
    cell: Cell, recurrent: tf.Tensor, factors: list[tf.Tensor], d_hidden: tf.Tensor, d_last: Tensors
) -> tuple[tf.Tensor, tf.Tensor, Tensors]:
    """Return the gradients of inputs and products (T, B, G), and of the first state."""
    steps, transposed = tf.shape(d_hidden)[0], tf.transpose(recurrent)

    def body(done: tf.Tensor, state: Tensors, arrays: list[Any]) -> Any:
        t = steps - 1 - done
        gradient = (state[0] + d_hidden[t], *state[1:])
        *both, before = cell.back(gradient, tuple(factor[t] for factor in factors))
        # Where the two are one, as in an LSTM, they are stored once.
        arrays = [array.write(t, d) for array, d in zip(arrays, both, strict=False)]
        return done + 1, (before[0] + tf.matmul(both[1], transposed), *before[1:]), arrays

    arrays = [_array(steps, d_last[0], recurrent.shape[1]) for _ in range(cell.gradients)]
    _, first, arrays = tf.while_loop(
        lambda done, *_: done < steps, body, (0, d_last, arrays), maximum_iterations=steps
    )
    stored = [array.stack() for array in arrays]
    return stored[0], stored[-1], first


def _array(steps: tf.Tensor, like: tf.Tensor, width: int) -> Any:
    return tf.TensorArray(like.dtype, steps, element_shape=(like.shape[0], width))


def _flat(array: tf.Tensor) -> tf.Tensor:
    return tf.reshape(array, (-1, array.shape[-1]))


def _lstm_gates(z: tf.Tensor) -> tf.Tensor:
    """Return the gates (B, 4H) in one sweep: tanh of the third quarter, sigmoid of the rest."""
    units = z.shape[-1] // 4
    scale = tf.constant([0.5, 0.5, 1.0, 0.5], z.dtype)
    scale = tf.repeat(scale, units)
    return tf.tanh(z * scale) * scale + (1 - scale)
