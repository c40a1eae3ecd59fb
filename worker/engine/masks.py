"""What dropout hides, as a pure function of a key: no generator has a state to store.

TensorFlow's stateless generators are ten times slower under XLA than the training step itself.
"""

import tensorflow as tf

# Odd constants of golden ratio and murmur3: neighbouring numbers become unlike ones.
SPREAD, FOLD = 0x9E3779B9, 0x85EBCA6B


def fold(key: tf.Tensor, number: tf.Tensor | int) -> tf.Tensor:
    """Return the key (uint32 scalar) of a number under a key."""
    return _mix(key + _unsigned(FOLD) * tf.cast(number, tf.uint32))


def keep(
    shape: tuple[int | tf.Tensor, ...], key: tf.Tensor, rate: float, first: tf.Tensor | None = None
) -> tf.Tensor:
    """Return an array of ``shape``: 0 with probability ``rate``, else 1 / (1 - rate).

    With ``first``, the rows from that one on of a longer array. Srivastava et al., "Dropout"
    (2014), scaled while training.
    """
    numbers = tf.reshape(tf.range(tf.reduce_prod(shape)), shape)
    if first is not None:
        numbers += first * tf.reduce_prod(shape[1:])
    bits = _mix(tf.cast(numbers, tf.uint32) * _unsigned(SPREAD) + key)
    kept = bits >= _unsigned(int(rate * 2**32))
    return tf.cast(kept, tf.float32) / (1 - rate)


def _mix(x: tf.Tensor) -> tf.Tensor:
    """Wellons' integer hash ``lowbias32`` (2018): every bit sways every other."""
    for shift, factor in ((16, 0x7FEB352D), (15, 0x846CA68B)):
        x = _folded(x, shift) * _unsigned(factor)
    return _folded(x, 16)


def _folded(x: tf.Tensor, shift: int) -> tf.Tensor:
    return tf.bitwise.bitwise_xor(x, tf.bitwise.right_shift(x, _unsigned(shift)))


def _unsigned(number: int) -> tf.Tensor:
    return tf.constant(number, tf.uint32)
