"""Models that were made elsewhere: which are read, and which refused before anything is built."""

import json
from pathlib import Path
from zipfile import ZIP_DEFLATED

import numpy as np
import pytest

from shared.errors import UserError
from tests.support.hostile_files import HOSTILE_FILES
from tests.support.hostile_models import HostileFile, layer_with
from tests.support.model_files import (
    VOCABULARY,
    arrays,
    bundle_file,
    config,
    members,
    model_file,
    zipped,
)
from worker.engine.importing.reading import Found, read_model


def read(folder: Path, data: bytes, vocabulary: str | None = VOCABULARY) -> Found:
    """Read a file as an import does."""
    path, unpacked = folder / "upload", folder / "unpacked"
    path.write_bytes(data)
    unpacked.mkdir()
    return read_model(path, unpacked, vocabulary)


def test_a_model_is_read(tmp_path: Path) -> None:
    """Its shape and its weights, in the order of its layers."""
    found = read(tmp_path, model_file())
    assert (found.spec.cell, found.spec.units, found.spec.window) == ("lstm", 3, 10)
    assert found.vocabulary == VOCABULARY
    for mine, theirs in zip(found.weights, arrays().values(), strict=True):
        assert np.array_equal(mine, theirs)


def test_a_bundle_has_its_characters(tmp_path: Path) -> None:
    """And its recipe."""
    spec = {"window": 10, "units": 3, "epochs": 7}
    found = read(tmp_path, bundle_file(spec=spec), None)
    assert (found.vocabulary, found.spec.epochs) == (VOCABULARY, 7)


def test_characters_are_put_in_order(tmp_path: Path) -> None:
    """What belongs to a character moves with it."""
    found = read(tmp_path, model_file(), "cba \n")
    first, _, _, dense, bias = arrays().values()
    assert found.vocabulary == VOCABULARY
    order = ["cba \n".index(character) for character in VOCABULARY]
    assert np.array_equal(found.weights[0], first[order])
    assert np.array_equal(found.weights[3], dense[:, order])
    assert np.array_equal(found.weights[4], bias[order])


def test_a_packed_file_is_read(tmp_path: Path) -> None:
    """Where somebody packed it anew."""
    assert read(tmp_path, zipped(members(), ZIP_DEFLATED)).vocabulary == VOCABULARY


@pytest.mark.parametrize(
    "build",
    [
        layer_with(0, batch_shape=[None, None, 5]),
        layer_with(1, dropout=0.2, recurrent_dropout=0.1, seed=3),
        layer_with(1, dtype="float32"),
        layer_with(1, dtype={"module": "keras", "class_name": "DTypePolicy",
                             "config": {"name": "mixed_float16"}, "registered_name": None}),
    ],
)  # fmt: skip
def test_what_matters_to_training_alone_is_passed_over(build: object, tmp_path: Path) -> None:
    """And a model without a window of its own has the article's."""
    assert callable(build)
    found = read(tmp_path, build())
    assert found.spec.window in (10, 100)


@pytest.mark.parametrize("case", HOSTILE_FILES, ids=lambda case: str(case.name))
def test_a_hostile_file_is_refused(case: HostileFile, tmp_path: Path) -> None:
    """With its own code, in words that say which part is wrong."""
    with pytest.raises(UserError) as refusal:
        read(tmp_path, case.build(), case.vocabulary)
    assert refusal.value.code == case.code, refusal.value
    assert len(str(refusal.value)) < 1000


def test_names_of_hostile_files_are_their_own() -> None:
    """The table would tell of one only."""
    names = [case.name for case in HOSTILE_FILES]
    assert len(set(names)) == len(names) >= 25


def test_the_good_file_is_what_the_bad_ones_are_made_from(tmp_path: Path) -> None:
    """So each is refused for what was changed, and for nothing else."""
    assert read(tmp_path, model_file(config=json.dumps(config()).encode())).weights
