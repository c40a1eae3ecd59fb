"""One run on several devices: the same as on one, but for the order of sums."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from shared.errors import TooFewDevices
from shared.specs import training_spec
from tests.support.two_devices import LETTERS, STEPS, TEXT
from worker.engine import masks
from worker.engine.replicas import Pieces
from worker.engine.training import TrainingRun

ROOT = Path(__file__).resolve().parents[4]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What runs on one device and on two left."""
    folder = tmp_path_factory.mktemp("two-devices")
    command = [sys.executable, "-m", "tests.support.two_devices", str(folder)]
    subprocess.run(command, cwd=ROOT, check=True, timeout=300)
    return folder


@pytest.fixture(scope="module")
def told(folder: Path) -> Any:
    """The losses of each step, and what the runs ended as."""
    return json.loads((folder / "told.json").read_text())


def test_two_devices_train_as_one(told: Any) -> None:
    """Each loss of 200 steps, with dropout and a short last batch in each epoch."""
    assert len(told["one"]) == len(told["two"]) == STEPS
    np.testing.assert_allclose(told["two"], told["one"], rtol=0, atol=1e-4)
    assert told["one"][-1] < told["one"][0] - 0.5


def test_two_devices_go_on_exactly(told: Any) -> None:
    """Stopped and resumed, a run on two devices ends with the same bytes."""
    assert told["stopped"] == told["two"]
    assert told["weights"][0] == told["weights"][1]


def test_a_state_moves_between_one_device_and_two(told: Any) -> None:
    """Saved on two, resumed on one, and on two again: the losses are those of one device."""
    assert len(told["moved"]) == STEPS
    np.testing.assert_allclose(told["moved"], told["one"], rtol=0, atol=1e-4)


def test_a_batch_of_one_part_is_cut(told: Any) -> None:
    """As on GPUs, where dropout's masks are cut like the batch."""
    one, two = told["gpu"]
    np.testing.assert_allclose(two, one, rtol=0, atol=1e-5)


def test_plain_keras_opens_the_model(folder: Path) -> None:
    """What two devices trained is stored as what one device trained is."""
    model = keras.saving.load_model(folder / "model.keras")
    ids = LETTERS.encode(TEXT[:20]).astype(int)
    guesses = model.predict(np.eye(len(LETTERS), dtype=np.float32)[ids][None], verbose=0)
    assert {type(layer).__module__.split(".")[0] for layer in model.layers} == {"keras"}
    assert guesses.sum() == pytest.approx(1, abs=1e-5)
    assert guesses.max() > 2 / len(LETTERS)


@pytest.mark.parametrize("count", [2, 3, 5, 16])
@pytest.mark.parametrize(("batch", "rows"), [(48, 16), (21, 21), (22, 11), (1, 1)])
def test_each_row_is_taken_once(batch: int, rows: int, count: int) -> None:
    """Whatever is shared out, and each piece knows which rows of which part it has."""
    pieces = Pieces(batch, rows, count)
    assert len(pieces.places) == count
    there = pieces.places[pieces.places < batch]
    assert sorted(there.tolist()) == list(range(batch))
    for number, first, places in zip(
        pieces.numbers.flat, pieces.firsts.flat, pieces.places.reshape(pieces.numbers.size, -1),
        strict=True,
    ):  # fmt: skip
        own = places[places < batch]
        np.testing.assert_array_equal(own, number * rows + first + np.arange(len(own)))


def test_masks_are_cut_like_the_batch() -> None:
    """The rows from the fifth on of a mask are those of the whole one."""
    key = tf.constant(7, tf.uint32)
    whole = masks.keep((12, 3, 5), key, 0.5).numpy()
    part = masks.keep((4, 3, 5), key, 0.5, tf.constant(5)).numpy()
    np.testing.assert_array_equal(part, whole[5:9])


def test_more_devices_than_there_are() -> None:
    """It fails at once, and says what was asked for and what there is."""
    spec = training_spec("tiny", {"devices": 3})
    with pytest.raises(TooFewDevices, match=r"asks for 3 devices; this worker's process has 1:"):
        TrainingRun(spec, LETTERS.encode(TEXT), LETTERS)
