"""A spec's layers, from ids to logits."""

from typing import Any, Literal

import numpy as np
import pytest
import tensorflow as tf

from shared.specs import TrainingSpec
from tests.unit.worker.engine import twins
from worker.engine.model import build
from worker.engine.network import Network

BATCH, WINDOW, VOCABULARY, UNITS = 3, 4, 5, 6
IDS = np.random.default_rng(0).integers(0, VOCABULARY, (BATCH, WINDOW))
Cell = Literal["lstm", "gru"]
cells = pytest.mark.parametrize("cell", ["lstm", "gru"])


def a_spec(**fields: Any) -> TrainingSpec:
    """Return a small spec with a size of its own on every axis."""
    return TrainingSpec.model_validate({"window": WINDOW, "units": UNITS} | fields)


def stirred(spec: TrainingSpec) -> Any:
    """Return the Keras model with weights that all matter, and the same as tensors."""
    model = build(spec, VOCABULARY)
    rng = np.random.default_rng(1)
    model.set_weights([rng.normal(0, 0.7, w.shape) for w in model.get_weights()])
    return model, [tf.constant(w) for w in model.get_weights()]


@cells
@pytest.mark.parametrize("layers", [1, 3])
def test_gives_the_models_probabilities(cell: Cell, layers: int) -> None:
    """On the model's weights, dropout or not, the softmax is what Keras answers."""
    spec = a_spec(cell=cell, layers=layers, dropout=0.5)
    model, weights = stirred(spec)
    ours = tf.nn.softmax(Network(spec, VOCABULARY).logits(weights, tf.constant(IDS)))
    np.testing.assert_allclose(ours, model(np.eye(VOCABULARY)[IDS]), atol=1e-6)


@pytest.mark.parametrize("layers", [1, 2])
def test_matches_the_slow_twin(layers: int) -> None:
    """Unit by unit in float64 the same probabilities come out."""
    spec = a_spec(layers=layers)
    model, weights = stirred(spec)
    ours = tf.nn.softmax(Network(spec, VOCABULARY).logits(weights, tf.constant(IDS)))
    theirs = [twins.probabilities(model.get_weights(), window) for window in IDS]
    np.testing.assert_allclose(ours, theirs, atol=1e-5)


@cells
def test_every_place_is_the_end_of_a_shorter_window(cell: Cell) -> None:
    """Taught at every position, the t-th logits are those behind t characters."""
    spec = a_spec(cell=cell, layers=2, loss_at="every")
    _, weights = stirred(spec)
    network = Network(spec, VOCABULARY)
    whole = network.logits(weights, tf.constant(IDS), tf.constant(0, tf.uint32))
    assert whole.shape == (BATCH, WINDOW, VOCABULARY)
    for last in range(1, WINDOW + 1):
        behind = network.logits(weights, tf.constant(IDS[:, :last]))
        np.testing.assert_allclose(whole[:, last - 1], behind, atol=1e-6)


def dropped(spec: TrainingSpec, keys: int) -> tuple[Any, Any]:
    """Return the logits under so many keys, and those with nothing hidden."""
    _, weights = stirred(spec)
    network, ids = Network(spec, VOCABULARY), tf.constant(IDS)
    drawn = [network.logits(weights, ids, tf.constant(n, tf.uint32)) for n in (*range(keys), 0)]
    return np.array(drawn), network.logits(weights, ids).numpy()


@cells
def test_dropout_keeps_the_mean_of_the_last_layer(cell: Cell) -> None:
    """Where nothing bends behind it, as many logits are too high as too low."""
    drawn, clean = dropped(a_spec(cell=cell, dropout=0.3), 400)
    errors = (drawn[:-1].mean(axis=0) - clean) / drawn.std(axis=0) * np.sqrt(400)
    assert np.abs(errors).max() < 4.5


@cells
def test_dropout_hides_something_behind_every_layer(cell: Cell) -> None:
    """Each key hides something else, the same key the same."""
    drawn, _ = dropped(a_spec(cell=cell, layers=2, dropout=0.3), 9)
    np.testing.assert_array_equal(drawn[0], drawn[-1])
    # With one layer's dropout alone there are fewer values than keys.
    assert all(len(np.unique(drawn[:-1, row, 0])) == 9 for row in range(BATCH))


@cells
def test_hidden_characters_are_drawn_by_the_key(cell: Cell) -> None:
    """Of three windows of four characters each key hides others, the same key the same."""
    drawn, clean = dropped(a_spec(cell=cell, input_dropout=0.5), 40)
    np.testing.assert_array_equal(drawn[0], drawn[-1])
    whole = np.isclose(drawn, clean, atol=1e-6).all(axis=2).mean()
    # Nothing of a window is hidden once in 16 times.
    assert 1 / 40 < whole < 1 / 8
    assert all(8 < len(np.unique(drawn[:, row, 0])) <= 16 for row in range(BATCH))


def test_all_but_biases_decay() -> None:
    """Kernel, recurrent kernel and the last layer's."""
    network = Network(a_spec(layers=2), VOCABULARY)
    assert network.decaying == [True, True, False, True, True, False, True, False]
    shapes = [tuple(v.shape) for v in network.variables]
    assert shapes == [w.shape for w in build(a_spec(layers=2), VOCABULARY).get_weights()]
