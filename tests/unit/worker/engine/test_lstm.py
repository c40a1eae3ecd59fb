"""The layers that take the fast way on a processor, against Keras' own."""

from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from worker.engine import lstm
from worker.engine.lstm import GRU, LSTM

# Every axis has a size of its own.
BATCH, STEPS, VOCABULARY, UNITS, MORE_UNITS = 3, 7, 5, 4, 6
IDS = np.random.default_rng(0).integers(0, VOCABULARY, (BATCH, STEPS))
KINDS = [(LSTM, keras.layers.LSTM), (GRU, keras.layers.GRU)]
Arrays = list[np.ndarray[Any, Any]]


def noise(*shape: int, seed: int = 1) -> Any:
    """Return random numbers of a shape."""
    return np.random.default_rng(seed).normal(0, 0.7, shape).astype(np.float32)


def stirred(kind: Any, units: int, inputs: int, **options: Any) -> Any:
    """Return a built layer in which every weight, biases too, has a value that matters."""
    layer = kind(units, **options)
    layer.build((None, None, inputs))
    weights = layer.get_weights()
    layer.set_weights([noise(*w.shape, seed=n) for n, w in enumerate(weights)])
    return layer


def both(ours: Any, theirs: Any, *inputs: Any) -> list[Arrays]:
    """Return, of each of two functions compiled with XLA, the results and all gradients."""
    found = []
    for function in (ours, theirs):

        @tf.function(jit_compile=True)  # type: ignore[untyped-decorator]
        def run(*inputs: Any, function: Any = function) -> Any:
            with tf.GradientTape() as tape:
                tape.watch(inputs)
                results = tf.nest.flatten(function(*inputs))
                total = sum(tf.reduce_sum(tf.sin(r) * unlike(r)) for r in results)
            sources = (tape.watched_variables(), inputs)
            return results, tf.nest.flatten(tape.gradient(total, sources))

        results, gradients = run(*map(tf.constant, inputs))
        found.append([np.asarray(a) for a in (*results, *gradients)])
    return found


def unlike(array: tf.Tensor) -> tf.Tensor:
    """Return an array of the same shape, so that no two places share a gradient."""
    places = tf.reshape(tf.range(tf.size(array)), tf.shape(array))
    return tf.cos(tf.cast(places, array.dtype))


def same(found: list[Arrays]) -> None:
    """Check that both are the same to 1e-5."""
    for ours, theirs in zip(*found, strict=True):
        np.testing.assert_allclose(ours, theirs, atol=1e-5)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("sequences", [True, False])
@pytest.mark.parametrize("given", [True, False])
def test_a_layer_is_keras_own(kind: Any, sequences: bool, given: bool) -> None:
    """Outputs, last states and all gradients, from a zero state and from a given one."""
    ours, theirs = (
        stirred(k, UNITS, VOCABULARY, return_sequences=sequences, return_state=True) for k in kind
    )
    states = 2 if kind[0] is LSTM else 1
    initial = [noise(BATCH, UNITS, seed=n) for n in range(states)] if given else []
    x = noise(BATCH, STEPS, VOCABULARY)
    call = [lambda x, *state, k=k: k(x, initial_state=list(state) or None) for k in (ours, theirs)]
    same(both(*call, x, *initial))


@pytest.mark.parametrize("kind", KINDS)
def test_stacked_layers_are_keras_own(kind: Any) -> None:
    """Two layers of different widths, dropout between them while nothing is trained."""
    stacks = [
        [
            stirred(k, UNITS, VOCABULARY, return_sequences=True),
            keras.layers.Dropout(0.5),
            stirred(k, MORE_UNITS, UNITS),
        ]
        for k in kind
    ]
    ours, theirs = (lambda x, s=s: s[2](s[1](s[0](x), training=False)) for s in stacks)
    same(both(ours, theirs, noise(BATCH, STEPS, VOCABULARY)))


@pytest.mark.parametrize("kind", KINDS)
def test_reading_ids_is_reading_one_hot_inputs(kind: Any) -> None:
    """Rows are looked up and their gradients summed; the one-hot array is never made."""
    ours, theirs = (stirred(k, UNITS, VOCABULARY, return_sequences=True) for k in kind)
    one_hot = np.eye(VOCABULARY, dtype=np.float32)[IDS]
    same(both(lambda: ours.read(tf.constant(IDS)), lambda: theirs(one_hot)))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("processor", [True, False])
def test_a_hidden_character_is_an_input_of_zeros(
    kind: Any, processor: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The id behind the last one is nobody's: nothing is read, and no row learns from it."""
    monkeypatch.setattr(lstm, "on_processor", lambda: processor)
    ours, theirs = (stirred(k, UNITS, VOCABULARY, return_sequences=True) for k in kind)
    one_hot = np.eye(VOCABULARY, dtype=np.float32)[IDS]
    ids = np.where(np.arange(STEPS) % 2, IDS, VOCABULARY)
    one_hot[:, ::2] = 0
    same(both(lambda: ours.read(tf.constant(ids)), lambda: theirs(one_hot)))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    "options",
    [{"activation": "relu"}, {"use_bias": False}, {"go_backwards": True}, {"dropout": 0.0}],
)
def test_what_the_fast_way_cannot_do_goes_keras_way(kind: Any, options: dict[str, Any]) -> None:
    """Whatever a layer's options are, its results are Keras'."""
    ours, theirs = (stirred(k, UNITS, VOCABULARY, **options) for k in kind)
    x = noise(BATCH, STEPS, VOCABULARY)
    np.testing.assert_allclose(ours(x), theirs(x), atol=1e-5)


def test_a_gru_that_resets_before_the_product_goes_keras_way() -> None:
    """The other of the two GRUs."""
    ours, theirs = (stirred(k, UNITS, VOCABULARY, reset_after=False) for k in KINDS[1])
    x = noise(BATCH, STEPS, VOCABULARY)
    np.testing.assert_allclose(ours(x), theirs(x), atol=1e-5)


@pytest.mark.parametrize("kind", KINDS)
def test_a_masked_sequence_goes_keras_way(kind: Any) -> None:
    """Steps that a mask hides are left out."""
    ours, theirs = (stirred(k, UNITS, VOCABULARY) for k in kind)
    x, mask = noise(BATCH, STEPS, VOCABULARY), IDS > 0
    np.testing.assert_allclose(ours(x, mask=mask), theirs(x, mask=mask), atol=1e-5)
