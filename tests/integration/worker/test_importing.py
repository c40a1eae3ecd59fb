"""The runner of imports: real files, a reader of its own, a real database."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sqlalchemy import func, select

from shared.blobs import Blob, reclaim
from shared.checkpoints.models import Checkpoint
from shared.checkpoints.queries import list_checkpoints
from shared.db import Database
from shared.errors import InUse, MoveRefused, UnknownPrompt
from shared.jobs import services
from shared.jobs.models import JobFile
from shared.jobs.queries import list_outputs
from shared.models.services import ensure_model, promote
from shared.settings import Settings
from shared.specs import TrainingSpec
from tests.support.factories import (
    do,
    make_corpus,
    make_generation_job,
    make_import,
    make_imported,
    make_scoring_job,
    make_training_job,
    reload,
)
from tests.support.model_files import (
    VOCABULARY,
    bundle_file,
    model_file,
)
from tests.support.nodes import RaisedAfter, make_node
from worker import importing
from worker.engine.characters import CharacterModel
from worker.engine.checkpoints import load, save, weights_sha256
from worker.engine.model import build
from worker.models import model_file as stored_file
from worker.runners import work

ON_SQLITE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def imported(db: Database, settings: Settings, data: bytes, vocabulary: str | None) -> Checkpoint:
    """Import a file; return its checkpoint."""
    job = make_import(db, data, vocabulary)
    work(make_node(db, settings), "generate")
    ended = reload(db, job)
    assert ended.status == "succeeded", ended.error_message
    with db.read() as session:
        (row,) = list_checkpoints(session, job.id).data
    return row


def stored(db: Database) -> tuple[int, int, int]:
    """Return how many checkpoints, files of jobs and blobs there are when all is swept."""
    reclaim(db, -1)
    with db.read() as session:
        counts = (session.scalar(select(func.count()).select_from(table)) or 0
                  for table in (Checkpoint, JobFile, Blob))  # fmt: skip
        checkpoints, files, blobs = counts
    return checkpoints, files, blobs


@ON_SQLITE
def test_an_imported_model_works(db: Database, settings: Settings) -> None:
    """It writes, scores, is promoted, and is trained on; of the upload nothing is kept."""
    row = imported(db, settings, bundle_file(), None)
    assert (row.loss, row.val_loss, row.corpus_version_id) == (None, None, None)
    assert (row.vocabulary, row.best) == (VOCABULARY, True)
    text = make_generation_job(db, row, prompt="abc", length=20)
    score = make_scoring_job(db, row, "ab c")
    assert stored(db)[:2] == (1, 1)  # The scored text is the one file that is left.
    work(make_node(db, settings), "generate")
    assert [reload(db, job).status for job in (text, score)] == ["succeeded", "succeeded"]
    with db.read() as session:
        (output,) = list_outputs(session, text.id).data
    assert output.characters == 20
    assert output.receipt is not None
    assert output.receipt["corpus_version_id"] is None
    do(db, lambda s: promote(s, ensure_model(s, reload(db, text).team_id, "x"), row, "by hand"))
    corpus = make_corpus(db, "abc cab\n" * 60)
    trained = make_training_job(db, corpus, window=10, units=3, epochs=1, from_checkpoint_id=row.id)
    work(make_node(db, settings), "train")
    assert reload(db, trained).status == "succeeded"


@ON_SQLITE
def test_an_excerpt_is_not_to_be_had(db: Database) -> None:
    """Without a text of its own a model needs a prompt."""
    with pytest.raises(UnknownPrompt, match="give a prompt"):
        make_generation_job(db, make_imported(db))


@ON_SQLITE
@pytest.mark.parametrize(("cell", "layers", "dropout"), [("lstm", 1, 0.0), ("gru", 2, 0.25)])
def test_our_own_download_comes_back(
    db: Database, settings: Settings, tmp_path: Path, cell: Any, layers: int, dropout: float
) -> None:
    """With the same weights, byte for byte, and the same shape."""
    spec = TrainingSpec(window=10, units=6, cell=cell, layers=layers, dropout=dropout)
    ours, path = build(spec, len(VOCABULARY)), tmp_path / "model.keras"
    save(ours, path)
    row = imported(db, settings, path.read_bytes(), VOCABULARY)
    assert TrainingSpec.model_validate(row.spec) == spec
    with stored_file(make_node(db, settings), row.blob_id) as file:
        assert weights_sha256(load(file)) == weights_sha256(ours)


@ON_SQLITE
def test_the_articles_model(db: Database, settings: Settings, tmp_path: Path) -> None:
    """Saved by plain Keras after it was trained: the same probabilities as Keras gives."""
    import keras

    vocabulary = "".join(map(chr, range(65, 65 + 40)))
    theirs = keras.Sequential([
        keras.Input((100, len(vocabulary))), keras.layers.LSTM(128),
        keras.layers.Dense(len(vocabulary), activation="softmax"),
    ])  # fmt: skip
    theirs.compile(keras.optimizers.RMSprop(0.01), "categorical_crossentropy")
    ids = np.random.default_rng(2).integers(len(vocabulary), size=(16, 100))
    windows = np.eye(len(vocabulary), dtype=np.float32)[ids]
    theirs.fit(windows, windows[:, 0], verbose=0)
    path = tmp_path / "article.keras"
    theirs.save(path)
    row = imported(db, settings, path.read_bytes(), vocabulary)
    assert TrainingSpec.model_validate(row.spec) == TrainingSpec()
    with stored_file(make_node(db, settings), row.blob_id) as file:
        assert weights_sha256(load(file)) == weights_sha256(theirs)
        assert np.array_equal(load(file).predict(windows, verbose=0),
                              theirs.predict(windows, verbose=0))  # fmt: skip
        own = CharacterModel.from_file(file).probabilities(ids)
    assert np.abs(own - theirs.predict(windows, verbose=0)).max() < 1e-6


def test_it_is_not_done_again(db: Database, settings: Settings) -> None:
    """What is refused is refused for good: its file is gone."""
    job = make_import(db, b"no model")
    work(make_node(db, settings), "generate")
    with pytest.raises(MoveRefused, match="upload it again"):
        do(db, lambda s: services.retry(s, job.id))


def test_a_cancelled_one_keeps_nothing(db: Database) -> None:
    """Neither a job nor a sweeper refers to its file any more."""
    job = make_import(db, model_file(), VOCABULARY)
    assert stored(db) == (0, 1, 1)
    do(db, lambda s: services.cancel(s, job.id))
    assert stored(db) == (0, 0, 0)


@ON_SQLITE
def test_a_stopped_worker_hands_it_back(db: Database, settings: Settings) -> None:
    """Another one reads it from the beginning."""
    job = make_import(db, model_file(), VOCABULARY)
    work(make_node(db, settings, stop=RaisedAfter(3)), "generate")
    assert reload(db, job).status == "queued"
    work(make_node(db, settings, name="node:2"), "generate")
    assert reload(db, job).status == "succeeded"


@ON_SQLITE
def test_a_reader_that_dies_refuses(
    db: Database, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever broke it was in the file; the worker lives."""
    monkeypatch.setattr(importing, "READER", "there.is.none")
    job = make_import(db, model_file(), VOCABULARY)
    work(make_node(db, settings), "generate")
    assert reload(db, job).error_code == "not_a_model"


@ON_SQLITE
def test_a_reader_knows_no_secret(
    db: Database, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of the worker's environment it has neither addresses nor tokens."""
    monkeypatch.setenv("CHARLOOM_TOKEN", "secret")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    told = importing._environment(Path("/nowhere"))
    assert "PATH" in told
    assert "secret" not in told.values()


def test_a_job_cannot_go_before_what_uses_it(db: Database) -> None:
    """An import is deleted as a training job is: not while a run began with its model."""
    row = make_imported(db, window=10, units=3)
    corpus = make_corpus(db, "abc cab\n" * 60)
    run = make_training_job(db, corpus, window=10, units=3, from_checkpoint_id=row.id)
    with pytest.raises(InUse):
        do(db, lambda s: services.delete(s, row.job_id))
    do(db, lambda s: services.cancel(s, run.id))
    do(db, lambda s: services.delete(s, run.id))
    do(db, lambda s: services.delete(s, row.job_id))
    assert stored(db)[0] == 0
