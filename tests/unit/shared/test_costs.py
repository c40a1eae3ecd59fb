"""What training costs and takes, by arithmetic."""

import numpy as np
import pytest

from shared.estimates.costs import products_of, steps_of, window_cost, windows_of
from shared.estimates.sizes import Kept, Memory, Split
from shared.specs import PRESETS, TrainingSpec
from worker.engine import windows

SEED = PRESETS["seed"]


def test_the_products_of_the_seed_preset() -> None:
    """39.3 million operations a window, as the README's limit has it; each multiplies and adds,
    once forward and twice backward."""
    assert 6 * products_of(SEED, 65) == pytest.approx(39.3e6, rel=0.01)


@pytest.mark.parametrize(
    ("fields", "vocabulary", "speed"),
    [
        ({}, 65, 6391),
        ({"loss_at": "every"}, 65, 5056),
        ({"units": 64}, 65, 18_208),
        ({"units": 256}, 65, 1831),
        ({"units": 512}, 65, 548),
        ({"layers": 2}, 65, 2208),
        ({"layers": 2, "units": 512}, 65, 199),
        ({}, 4000, 3131),
    ],
)
def test_one_speed_tells_of_every_shape(
    fields: dict[str, object], vocabulary: int, speed: float
) -> None:
    """The README's windows a second, from its machine's 458 GFLOP/s, to within a quarter."""
    spec = SEED.model_copy(update=fields)
    assert 458e9 / window_cost(spec, vocabulary) == pytest.approx(speed, rel=0.25)


@pytest.mark.parametrize("characters", [2, 21, 22, 500])
@pytest.mark.parametrize("step", [1, 3])
def test_windows_and_their_steps_are_those_of_the_engine(characters: int, step: int) -> None:
    """Counted as the engine counts them."""
    assert windows_of(characters, 20, step) == windows.count(characters, 20, step)
    assert [steps_of(SEED, n) for n in (0, 1, 128, 129)] == [0, 1, 1, 2]


def test_the_text_is_divided_as_the_engine_divides_it() -> None:
    """Into characters and windows to train on, and those to judge by."""
    spec = TrainingSpec(window=20, step=2)
    split = Split.of(spec, 1000)
    assert (split.training.characters, split.validation.characters) == (900, 100)
    assert split.training.windows == len(range(0, 900 - 20, 2))
    assert split.judged() == split.validation.windows == len(windows.validation_starts(1000, spec))
    long = Split.of(spec, 100_000)
    assert long.judged() == np.size(windows.validation_starts(100_000, spec)) == 4000
    nothing = Split.of(TrainingSpec(validation_fraction=0), 1000)
    assert (nothing.validation.characters, nothing.validation.windows) == (0, 0)


def test_memory_is_what_the_benchmarks_measured() -> None:
    """0.84 GB for the seed preset, 1.13 GB with a text of 100 MB."""
    small, long = (Memory.of(SEED, n, 65, gpu=False) for n in (1_115_394, 100_000_000))
    assert small.host == pytest.approx(0.84e9, rel=0.1)
    assert long.host == pytest.approx(1.125e9, rel=0.1)
    assert small.device is None


@pytest.mark.parametrize(
    ("fields", "measured"),
    [
        ({}, 147e6),
        ({"cell": "gru"}, 146e6),
        ({"units": 512, "layers": 2, "batch_size": 256}, 1331e6),
        ({"units": 512, "layers": 2, "batch_size": 256, "precision": "mixed"}, 740e6),
    ],
)
def test_a_cards_memory_is_what_was_measured(fields: dict[str, object], measured: float) -> None:
    """The most that arrays took of an H100 (`tests/gpu`), and the context's some 500 MB."""
    usual = {"batch_size": 64, "loss_at": "every", "optimizer": "adam"}
    told = Memory.of(SEED.model_copy(update=usual | fields), 200_000, 96, gpu=True).device
    assert told is not None
    assert measured + 500e6 < told < 1.25 * (measured + 500e6)


def test_a_gpu_holds_text_and_batch() -> None:
    """More of a larger batch, there and not on the host."""
    few, many = (
        Memory.of(SEED.model_copy(update={"batch_size": size}), 10**6, 65, gpu=True)
        for size in (32, 4096)
    )
    assert few.host == many.host
    assert few.device is not None
    assert many.device is not None
    assert many.device > 2 * few.device


def test_checkpoints_that_are_kept() -> None:
    """The newest, the best and every k-th, never more than there are epochs."""
    spec = TrainingSpec(epochs=100, keep_checkpoints=3)
    assert Kept.of(spec, 65).checkpoints == 4
    assert Kept.of(spec.model_copy(update={"keep_every": 25}), 65).checkpoints == 8
    few = Kept.of(spec.model_copy(update={"epochs": 2}), 65)
    assert few.checkpoints == 2
    assert few.bytes == 2 * few.checkpoint
