"""Fixtures of the engine's tests: small models, every axis of another size."""

from collections.abc import Callable
from functools import cache
from typing import Any, Literal

import pytest

from shared.specs import TrainingSpec
from worker.engine.model import build

WINDOW, VOCABULARY, UNITS = 4, 5, 6


@pytest.fixture(scope="session")
def small_model() -> Callable[..., Any]:
    """A function that returns a model of T = 4, V = 5, H = 6 with so many layers of a cell."""

    @cache
    def make(layers: int, cell: Literal["lstm", "gru"] = "lstm", dropout: float = 0) -> Any:
        spec = TrainingSpec(window=WINDOW, units=UNITS, layers=layers, cell=cell, dropout=dropout)
        model = build(spec, VOCABULARY)
        _stir(model, layers)
        return model

    return make


def _stir(model: Any, seed: int) -> None:
    """Give every weight, biases too, a value that matters."""
    import numpy as np

    rng = np.random.default_rng(seed)
    model.set_weights([rng.normal(0, 0.7, w.shape) for w in model.get_weights()])
