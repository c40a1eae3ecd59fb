"""The forward pass over ids, and its gradients."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from tests.unit.worker.engine import twins
from worker.engine import lstm

IDS = np.random.default_rng(0).integers(0, 5, (3, 4))


@pytest.fixture(params=[1, 2])
def model(request: pytest.FixtureRequest, small_model: Callable[[int], Any]) -> Any:
    """One layer, and two."""
    return small_model(request.param)


@pytest.fixture
def by_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    """Look rows up, however small the vocabulary."""
    monkeypatch.setattr(lstm, "ONE_HOT_VOCABULARY", 0)
    monkeypatch.setattr(tf.config, "list_physical_devices", lambda _: [])


def gradients(model: Any, ids: tf.Tensor) -> list[Any]:
    """The gradients of something that every logit sways, by every weight."""
    with tf.GradientTape() as tape:
        logits = lstm.logits(model, ids)
        loss = tf.reduce_sum(tf.sin(logits) * tf.reshape(tf.range(15.0), (3, 5)))
    return [tf.convert_to_tensor(g).numpy() for g in tape.gradient(loss, model.trainable_weights)]


def test_logits_give_keras_probabilities(model: Any) -> None:
    """The softmax of the logits is what the model answers to one-hot windows."""
    ours = tf.nn.softmax(lstm.logits(model, tf.constant(IDS)))
    np.testing.assert_allclose(ours, model(np.eye(5)[IDS]), atol=1e-6)


@pytest.mark.usefixtures("by_rows")
def test_rows_give_keras_probabilities(model: Any) -> None:
    """So it is when rows are looked up."""
    ours = tf.nn.softmax(lstm.logits(model, tf.constant(IDS)))
    np.testing.assert_allclose(ours, model(np.eye(5)[IDS]), atol=1e-6)


@pytest.mark.usefixtures("by_rows")
def test_rows_match_the_slow_twin(model: Any) -> None:
    """Unit by unit in float64 the same probabilities come out."""
    ours = tf.nn.softmax(lstm.logits(model, tf.constant(IDS)))
    theirs = [twins.probabilities(model.get_weights(), window) for window in IDS]
    np.testing.assert_allclose(ours, theirs, atol=1e-5)


def test_rows_give_keras_gradients(model: Any, request: pytest.FixtureRequest) -> None:
    """Every weight's gradient is that of Keras' own layer."""
    theirs = gradients(model, tf.constant(IDS))
    request.getfixturevalue("by_rows")
    for ours, expected in zip(gradients(model, tf.constant(IDS)), theirs, strict=True):
        np.testing.assert_allclose(ours, expected, rtol=1e-4, atol=1e-5)
