"""The model of a spec."""

from pathlib import Path
from typing import Any, Literal

import keras
import numpy as np
import pytest

from shared.architecture import layers_of
from shared.specs import PRESETS, TrainingSpec
from worker.engine.checkpoints import load, save, weights_sha256
from worker.engine.model import build, describe


def test_the_seed_preset_is_the_articles_model() -> None:
    """LSTM(128) over 100 one-hot characters, then a softmax over the next one."""
    model = build(PRESETS["seed"], 65)
    assert model.input_shape == (None, 100, 65)
    assert model.output_shape == (None, 65)
    assert [type(layer).__name__ for layer in model.layers] == ["LSTM", "Dense"]
    assert model.layers[0].units == 128
    assert model.layers[1].activation is keras.activations.softmax


@pytest.mark.parametrize("cell", ["lstm", "gru"])
@pytest.mark.parametrize("dropout", [0, 0.25])
def test_the_layers_are_those_shown_before_training(
    cell: Literal["lstm", "gru"], dropout: float
) -> None:
    """What web computes by arithmetic is what Keras builds."""
    spec = TrainingSpec(window=4, units=6, layers=3, cell=cell, dropout=dropout)
    shown = [(layer.name, layer.parameters) for layer in layers_of(spec, 5)]
    assert [(layer.name, layer.count_params()) for layer in build(spec, 5).layers] == shown


def test_weights_are_a_function_of_the_seed() -> None:
    """The same seed gives the same bytes, another one others, however large."""
    seeds = (3, 3, 4, 3 + 2**31, 2**63 - 1)
    specs = [TrainingSpec(window=4, units=6, layers=4, rng_seed=seed) for seed in seeds]
    hashes = [weights_sha256(build(spec, 5)) for spec in specs]
    assert hashes[0] == hashes[1]
    assert len(set(hashes)) == 4


def test_neighbouring_seeds_share_no_weights() -> None:
    """Seed 1 does not go on with seed 0's numbers."""
    drawn = [
        {w.tobytes() for w in build(TrainingSpec(window=4, units=6, layers=3, rng_seed=s), 6)
         .get_weights() if np.ptp(w) > 0 and w.ndim == 2}
        for s in (0, 1)
    ]  # fmt: skip
    assert not drawn[0] & drawn[1]


def test_describes_what_weights_depend_on() -> None:
    """Cell, units of each layer and vocabulary; dropout and the window are not among them."""
    spec = TrainingSpec(window=4, units=6, layers=2, cell="gru", dropout=0.5)
    assert describe(build(spec, 5)) == "GRU layers of 6, 6 units for 5 characters"


def names(model: Any) -> list[str]:
    """Return the names of all variables, those of random generators too."""
    return [variable.path for variable in model.variables]


def test_every_model_of_a_spec_has_the_same_names(tmp_path: Path) -> None:
    """TensorFlow keeps tens of kilobytes of each new name for good."""
    spec = TrainingSpec(window=4, units=3, layers=2, dropout=0.2)
    first = build(spec, 5)
    assert len(names(first)) > len(first.trainable_variables), "generators have states"
    assert names(build(spec, 5)) == names(first)
    save(first, tmp_path / "model.keras")
    loaded = names(load(tmp_path / "model.keras"))
    assert names(load(tmp_path / "model.keras")) == loaded
