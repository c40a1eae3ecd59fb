"""Bundles: a checkpoint and all that belongs to it in one file."""

import io
import json
import subprocess
import zipfile
from pathlib import Path

from sqlalchemy import delete

from shared.blobs import CHUNK_BYTES, BlobChunk
from shared.db import Database
from tests.integration.api.client import Api, problem
from tests.support.factories import (
    TEXT,
    claim_job,
    finish_epoch,
    make_checkpoint,
    make_corpus,
    make_training_job,
)

NAMES = ["model.keras", "vocabulary.json", "spec.json", "receipt.json"]


def keras_file(version: str) -> bytes:
    """Return a file like those that Keras writes, of several chunks."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("metadata.json", json.dumps({"keras_version": version}))
        archive.writestr("model.weights.h5", bytes(range(256)) * 3000)
    return file.getvalue()


def test_a_bundle_has_everything(api: Api, db: Database, tmp_path: Path) -> None:
    """The model's bytes as they are, and what is needed to use them and to know them."""
    model = keras_file("3.12.1")
    corpus = make_corpus(db, name="best of times")
    lease = claim_job(db, make_training_job(db, corpus, name="mine", units=17))
    finish_epoch(db, lease, model=model)
    (row,) = api.get(f"/jobs/{lease.job_id}/checkpoints").get_json()["data"]
    answer = api.get(row["links"]["bundle"])
    assert answer.mimetype == "application/zip"
    assert "mine-epoch-1-bundle.zip" in answer.headers["Content-Disposition"]
    with zipfile.ZipFile(io.BytesIO(answer.data)) as archive:
        assert archive.testzip() is None
        assert archive.namelist() == NAMES
        assert {info.compress_type for info in archive.infolist()} == {zipfile.ZIP_STORED}
        assert archive.read("model.keras") == model
        vocabulary, spec, receipt = (json.loads(archive.read(name)) for name in NAMES[1:])
    assert vocabulary == sorted(set(TEXT))
    assert spec["units"] == 17
    assert receipt["checkpoint"]["sha256"] == row["sha256"]
    version = api.get(f"/corpora/{corpus.id}").get_json()["latest_version"]
    for name in ("id", "number", "sha256", "characters", "created_at"):
        assert receipt["corpus_version"][name] == version[name]
    assert (receipt["corpus"]["name"], receipt["job"]["id"]) == ("best of times", lease.job_id)
    assert receipt["versions"].keys() == {"charloom", "keras"}
    assert receipt["versions"]["keras"] == "3.12.1"


def test_equal_bundles_are_equal_bytes(api: Api, db: Database) -> None:
    """Nothing in it tells of when it was downloaded."""
    path = f"/checkpoints/{make_checkpoint(db).id}/bundle.zip"
    assert api.get(path).data == api.get(path).data


def test_a_model_that_is_no_keras_file(api: Api, db: Database) -> None:
    """What cannot be told is null."""
    answer = api.get(f"/checkpoints/{make_checkpoint(db).id}/bundle.zip")
    with zipfile.ZipFile(io.BytesIO(answer.data)) as archive:
        assert json.loads(archive.read("receipt.json"))["versions"]["keras"] is None


def test_a_bundle_comes_piece_by_piece(api: Api, db: Database) -> None:
    """No piece of the answer is larger than a chunk and what stands around it."""
    lease = claim_job(db, make_training_job(db))
    finish_epoch(db, lease, model=bytes(5 * CHUNK_BYTES))
    (row,) = api.get(f"/jobs/{lease.job_id}/checkpoints").get_json()["data"]
    answer = api.get(row["links"]["bundle"])
    assert max(map(len, answer.iter_encoded())) <= CHUNK_BYTES + 4096


def test_other_programs_open_it(api: Api, db: Database, tmp_path: Path) -> None:
    """Where the machine has `unzip`, it agrees."""
    path = tmp_path / "bundle.zip"
    path.write_bytes(api.get(f"/checkpoints/{make_checkpoint(db).id}/bundle.zip").data)
    try:
        done = subprocess.run(["unzip", "-t", path], capture_output=True, text=True, check=False)
    except FileNotFoundError:
        return
    assert done.returncode == 0, done.stdout + done.stderr


def test_what_is_not_there(api: Api, db: Database) -> None:
    """404 for an unknown checkpoint, 500 for bytes that are gone, not an empty file."""
    problem(api.get("/checkpoints/nothing/bundle.zip"), 404, "not_found")
    checkpoint = make_checkpoint(db)
    with db.write() as session:
        session.execute(delete(BlobChunk).where(BlobChunk.blob_id == checkpoint.blob_id))
    problem(api.get(f"/checkpoints/{checkpoint.id}/bundle.zip"), 500, "internal")
