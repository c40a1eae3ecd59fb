"""Fixtures of the engine's tests: small models, every axis of another size."""

from collections.abc import Callable
from typing import Any

import pytest

from shared.specs import TrainingSpec
from worker.engine.model import build

WINDOW, VOCABULARY, UNITS = 4, 5, 6


@pytest.fixture(scope="session")
def small_model() -> Callable[[int], Any]:
    """A function that returns a model of T = 4, V = 5, H = 6 with so many layers."""
    models = {
        layers: build(TrainingSpec(window=WINDOW, units=UNITS, layers=layers), VOCABULARY)
        for layers in (1, 2)
    }
    for seed, model in models.items():
        _stir(model, seed)
    return models.__getitem__


def _stir(model: Any, seed: int) -> None:
    """Give every weight, biases too, a value that matters."""
    import numpy as np

    rng = np.random.default_rng(seed)
    model.set_weights([rng.normal(0, 0.7, w.shape) for w in model.get_weights()])
