"""Compiled training of many batches, against Keras' own model, optimizer and losses."""

from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from shared.specs import TrainingSpec
from worker.engine.model import build
from worker.engine.program import Batches, Program, Values, program, rows_of
from worker.engine.vocabulary import id_dtype

WINDOW, VOCABULARY, UNITS, CHARACTERS = 4, 5, 6, 90
TEXT = np.random.default_rng(0).integers(0, VOCABULARY, CHARACTERS).astype(np.uint8)
# More than a part has, and no multiple of it; the last batch is short.
BATCH, WINDOWS = 21, 50
STARTS = np.random.default_rng(1).integers(0, CHARACTERS - WINDOW, WINDOWS)
NO_KEYS = np.zeros(3, np.uint32)


def a_spec(**fields: Any) -> TrainingSpec:
    """Return a small spec."""
    small = {"window": WINDOW, "units": UNITS, "batch_size": BATCH}
    return TrainingSpec.model_validate(small | fields)


def trained(spec: TrainingSpec, keys: Any = NO_KEYS, calls: int = 1) -> Any:
    """Return values, losses and accuracies after the three batches, in so many calls."""
    made, rates = program(spec, VOCABULARY), np.array([0.1, 0.05, 0.02], np.float32)
    values = made.start(build(spec, VOCABULARY).get_weights())
    batches, told = Batches.cut(STARTS, BATCH), []
    for part in np.array_split(np.arange(3), calls):
        some = Batches(batches.starts[part], batches.counts[part])
        values, *means = made.train(values, tf.constant(TEXT), some, rates[part], keys[part])
        told.append(means)
    return values, *(np.concatenate(means) for means in zip(*told, strict=True))


def by_keras(spec: TrainingSpec) -> Any:
    """Return weights, losses and accuracies of a plain Keras loop over the same batches."""
    model = build(spec, VOCABULARY)
    *layers, dense = model.layers
    optimizer = keras.optimizers.get(spec.optimizer)
    losses, accuracies = [], []
    for number, rate in enumerate((0.1, 0.05, 0.02)):
        starts = STARTS[number * BATCH : (number + 1) * BATCH]
        windows = TEXT[starts[:, None] + np.arange(WINDOW + 1)].astype(int)
        x, y = np.eye(VOCABULARY, dtype=np.float32)[windows[:, :-1]], windows[:, 1:]
        with tf.GradientTape() as tape:
            if spec.loss_at == "every":
                layers[-1].return_sequences = True
                for layer in layers:
                    x = layer(x)
                guesses = dense(x)
            else:
                guesses, y = model(x), y[:, -1]
            loss = tf.reduce_mean(keras.losses.sparse_categorical_crossentropy(y, guesses))
        optimizer.learning_rate = rate
        gradients = tape.gradient(loss, model.trainable_variables)
        optimizer.apply(gradients, model.trainable_variables)
        losses.append(float(loss))
        accuracies.append(float(np.mean(np.argmax(guesses, -1) == y)))
    return model.get_weights(), losses, accuracies


@pytest.mark.parametrize("loss_at", ["last", "every"])
@pytest.mark.parametrize("cell", ["lstm", "gru"])
@pytest.mark.parametrize(("layers", "optimizer"), [(1, "rmsprop"), (2, "adam"), (1, "sgd")])
def test_trains_as_keras_does(loss_at: str, cell: str, layers: int, optimizer: str) -> None:
    """Losses, accuracies and weights after three batches of which the last is short."""
    spec = a_spec(loss_at=loss_at, cell=cell, layers=layers, optimizer=optimizer)
    values, losses, accuracies = trained(spec)
    weights, their_losses, their_accuracies = by_keras(spec)
    np.testing.assert_allclose(losses, their_losses, atol=1e-5)
    np.testing.assert_allclose(accuracies, their_accuracies, atol=1e-6)
    for ours, theirs in zip(values.weight_arrays(), weights, strict=True):
        np.testing.assert_allclose(ours, theirs, atol=1e-4)


@pytest.mark.parametrize("cell", ["lstm", "gru"])
def test_how_batches_are_cut_into_calls_changes_nothing(cell: str) -> None:
    """Three batches in one call or in three are the same to the byte, with dropout, too."""
    spec, keys = a_spec(cell=cell, layers=2, dropout=0.3, loss_at="every"), NO_KEYS + 9
    whole, cut = (trained(spec, keys, calls) for calls in (1, 3))
    arrays = [[*v.weight_arrays(), *v.optimizer_arrays()] for v in (whole[0], cut[0])]
    assert [a.tobytes() for a in arrays[0]] == [a.tobytes() for a in arrays[1]]
    np.testing.assert_array_equal(whole[1], cut[1])


def test_keys_decide_what_dropout_hides() -> None:
    """The same keys train the same, others something else; without dropout they do nothing."""
    spec, plain = a_spec(dropout=0.5), a_spec()
    first, again, other = (trained(spec, NO_KEYS + n)[1] for n in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert (first != other).all()
    np.testing.assert_array_equal(trained(plain)[1], trained(plain, NO_KEYS + 5)[1])


def test_dropout_hides_something_else_in_each_part() -> None:
    """Equal windows of one batch are not hidden alike."""
    spec = a_spec(batch_size=2 * rows_of(a_spec(batch_size=64)), dropout=0.5)
    made = program(spec, VOCABULARY)
    values = made.start(build(spec, VOCABULARY).get_weights())
    losses = []
    for count in (1, spec.batch_size):
        batches = Batches(np.zeros((1, spec.batch_size), np.int64), np.array([count], np.int32))
        rates, keys = np.zeros(1, np.float32), NO_KEYS[:1]
        losses.append(made.train(values, tf.constant(TEXT), batches, rates, keys)[1][0])
    assert losses[0] != pytest.approx(losses[1])


def test_judges_as_keras_does() -> None:
    """The mean over the last characters of 300 windows, more than are judged at once."""
    spec = a_spec(layers=2, dropout=0.5)
    model, starts = build(spec, VOCABULARY), np.resize(STARTS, 300)
    values = Values.of(model.get_weights(), [])
    told = list(program(spec, VOCABULARY).judge(values, tf.constant(TEXT), starts))
    assert sum(windows for windows, *_ in told) == 300
    windows = TEXT[starts[:, None] + np.arange(WINDOW + 1)].astype(int)
    guesses = model(np.eye(VOCABULARY)[windows[:, :-1]]).numpy()
    loss = -np.log(guesses[np.arange(300), windows[:, -1]]).mean()
    accuracy = (guesses.argmax(1) == windows[:, -1]).mean()
    means = np.average([means for _, *means in told], axis=0, weights=[n for n, *_ in told])
    np.testing.assert_allclose(means, [loss, accuracy], atol=1e-5)


def test_runs_of_the_same_shapes_share_a_program() -> None:
    """What is not compiled in may differ: a second such job compiles nothing."""
    first = program(a_spec(rng_seed=1, epochs=3, learning_rate=0.5), VOCABULARY)
    second = program(a_spec(rng_seed=2, schedule="cosine", step=3, patience=2), VOCABULARY)
    assert first is second
    assert program(a_spec(units=7), VOCABULARY) is not first
    assert program(a_spec(), VOCABULARY + 1) is not first


def test_a_program_is_traced_once() -> None:
    """However many batches a call has, and whichever run calls."""
    spec = a_spec(units=9)
    made = program(spec, VOCABULARY)
    for calls in (1, 2, 3):
        trained(spec, calls=calls)
    assert made._train.experimental_get_tracing_count() == 1
    assert made._teach.experimental_get_tracing_count() == 1


@pytest.mark.parametrize(
    ("batch", "units", "rows"),
    [(1, 128, 1), (2, 128, 1), (21, 128, 11), (32, 128, 16), (128, 128, 16), (128, 512, 32),
     (4096, 128, 256)],
)  # fmt: skip
def test_a_batch_has_two_to_sixteen_parts(batch: int, units: int, rows: int) -> None:
    """Small enough to be fast, and not so many that their gradients fill the memory."""
    assert rows_of(a_spec(batch_size=batch, units=units)) == rows


def test_too_little_memory_is_a_memory_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """TensorFlow's own error becomes Python's, in the line that tells what found no room."""
    made = Program(a_spec(), VOCABULARY)

    filled = tf.function(lambda size: tf.fill([size], 1.0))
    # More than any address can name.
    monkeypatch.setattr(made, "_train", lambda *_: filled(tf.constant(1 << 45, tf.int64)))
    batches = Batches.cut(STARTS, BATCH)
    with pytest.raises(MemoryError, match=r"^OOM when allocating tensor with shape\[35184372"):
        made.train(Values([], []), None, batches, np.zeros(3, np.float32), NO_KEYS)


def test_ids_of_any_size() -> None:
    """A vocabulary of more than 256 characters has ids of two bytes."""
    spec = a_spec(units=3)
    made, size = program(spec, 300), 300
    text = np.random.default_rng(2).integers(0, size, 90).astype(id_dtype(size))
    values = made.start(build(spec, size).get_weights())
    batches, rates = Batches.cut(STARTS, BATCH), np.zeros(3, np.float32)
    losses = made.train(values, tf.constant(text), batches, rates, NO_KEYS)[1]
    np.testing.assert_allclose(losses, np.log(size), atol=0.2)
