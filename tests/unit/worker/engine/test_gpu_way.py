"""What runs on a GPU, as far as a processor can show it: Keras' own layers, whole batches."""

from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from shared.specs import TrainingSpec
from worker.engine import lstm, network, program
from worker.engine.model import build
from worker.engine.program import Batches, Program, rows_of

WINDOW, VOCABULARY, BATCH = 4, 5, 21
TEXT = np.random.default_rng(0).integers(0, VOCABULARY, 90).astype(np.uint8)
STARTS = np.random.default_rng(1).integers(0, 80, 50)


@pytest.fixture
def as_on_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take the way that a GPU takes: no XLA, no parts, Keras' layers, which find no cuDNN here."""
    for module in (lstm, network, program):
        monkeypatch.setattr(module, "on_processor", lambda: False)


def trained(**fields: Any) -> tuple[Any, Any]:
    """Return losses and weights after three batches, on a program of their own."""
    spec = TrainingSpec.model_validate(
        {"window": WINDOW, "units": 6, "batch_size": BATCH, "layers": 2} | fields
    )
    made = Program(spec, VOCABULARY)
    values = made.start(build(spec, VOCABULARY).get_weights())
    rates, keys = np.full(3, 0.01, np.float32), np.arange(3, dtype=np.uint32)
    batches = Batches.cut(STARTS, BATCH)
    values, losses, _ = made.train(values, tf.constant(TEXT), batches, rates, keys)
    return losses, values.weight_arrays()


@pytest.mark.parametrize("fields", [{}, {"cell": "gru", "loss_at": "every"}])
def test_it_is_the_same_training(fields: dict[str, Any], request: pytest.FixtureRequest) -> None:
    """Losses and weights are those of the processor's way."""
    here = trained(**fields)
    request.getfixturevalue("as_on_gpu")
    there = trained(**fields)
    np.testing.assert_allclose(there[0], here[0], atol=1e-5)
    for theirs, ours in zip(there[1], here[1], strict=True):
        np.testing.assert_allclose(theirs, ours, atol=1e-4)


@pytest.mark.usefixtures("as_on_gpu")
def test_a_batch_is_one_part() -> None:
    """A GPU is filled by whole batches."""
    assert rows_of(TrainingSpec(batch_size=96)) == 96


@pytest.mark.parametrize("cell", ["lstm", "gru"])
def test_mixed_precision_keeps_weights_in_single(cell: str, request: pytest.FixtureRequest) -> None:
    """Half precision sways the losses a little; weights and what is stored stay float32."""
    exact = trained(cell=cell, loss_at="every", optimizer="adam")
    request.getfixturevalue("as_on_gpu")
    losses, weights = trained(cell=cell, loss_at="every", optimizer="adam", precision="mixed")
    assert {w.dtype for w in weights} == {np.dtype(np.float32)}
    np.testing.assert_allclose(losses, exact[0], atol=2e-2)
    assert (losses != exact[0]).any()


def test_a_processor_computes_in_single_precision() -> None:
    """'mixed' changes nothing where there is no GPU."""
    np.testing.assert_array_equal(trained(precision="mixed")[0], trained()[0])
