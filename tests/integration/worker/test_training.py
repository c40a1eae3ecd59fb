"""The runner of training jobs, with the real engine on a real database."""

import gc
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from shared.blobs import read_blob
from shared.checkpoints.models import Checkpoint
from shared.checkpoints.queries import list_checkpoints, resume_blob
from shared.db import Database
from shared.jobs.models import Job, Kind
from shared.jobs.queries import list_epochs, list_events, list_samples
from shared.jobs.services import cancel, claim, expire, pause, resume
from shared.settings import Settings
from tests.support.factories import make_corpus, make_training_job, reload
from tests.support.nodes import RaisedAfter, make_node
from worker.engine.characters import CharacterModel
from worker.engine.checkpoints import weights_sha256
from worker.engine.program import Values
from worker.engine.training import TrainingRun
from worker.heartbeat import Heartbeat
from worker.models import character_model
from worker.node import Node
from worker.runners import run_job, work
from worker.training import keras_model, prepare

CHINESE = "床前明月光，疑是地上霜。举头望明月，低头思故乡。\n" * 40

# What is stored is so on both databases in the tests of jobs; here the engine takes the time.
pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def checkpoints(db: Database, job: Job) -> list[Checkpoint]:
    """Return a job's checkpoints."""
    with db.read() as session:
        return list_checkpoints(session, job.id).data


def losses(db: Database, job: Job) -> list[tuple[int, float, float | None]]:
    """Return what is the same in every run of a spec."""
    with db.read() as session:
        rows = list_epochs(session, job.id).data
        return [(row.epoch, row.loss, row.val_loss) for row in rows]


def test_trains_to_the_end(db: Database, settings: Settings) -> None:
    """Every epoch leaves its record, samples and checkpoint; the best one is marked."""
    job = make_training_job(db, sample_temperature=[0.3, 1], sample_start="same")
    assert work(make_node(db, settings), Kind.TRAIN) == 1
    done = reload(db, job)
    assert (done.status, done.progress["fraction"]) == ("succeeded", 1.0)
    with db.read() as session:
        samples = list_samples(session, job.id).data
        rates = [row.learning_rate for row in list_epochs(session, job.id).data]
    cells = [(1, 0.3), (1, 1.0), (2, 0.3), (2, 1.0)]
    assert [(s.epoch, s.temperature) for s in samples] == cells
    assert {(len(s.prompt), len(s.text)) for s in samples} == {(20, 80)}
    assert len({(s.prompt, s.rng_seed) for s in samples}) == 1
    assert rates == [0.01, 0.01]
    assert [row[0] for row in losses(db, job)] == [1, 2]
    assert sum(row.best for row in checkpoints(db, job)) == 1


def test_events_tell_the_story_without_gaps(db: Database, settings: Settings) -> None:
    """From queued to succeeded, numbered one by one."""
    job = make_training_job(db, epochs=1)
    work(make_node(db, settings), Kind.TRAIN)
    with db.read() as session:
        events = list_events(session, job.id).data
    assert [event.seq for event in events] == list(range(1, len(events) + 1))
    story = ["queued", "running", "epoch", "sample", "checkpoint", "succeeded"]
    assert [event.type for event in events] == story


def stopped_and_resumed(db: Database, settings: Settings, job: Job, looks: int) -> None:
    """Run a job on a worker that is told to stop, then on another one."""
    eager = settings.model_copy(update={"renew_seconds": 0.5})
    work(make_node(db, eager, stop=RaisedAfter(looks)), Kind.TRAIN)
    assert reload(db, job).status == "queued"
    work(make_node(db, settings, name="node:2"), Kind.TRAIN)


def test_goes_on_from_the_epoch_where_its_worker_stopped(db: Database, settings: Settings) -> None:
    """A run that was handed back ends with the same weights and losses as an undisturbed one."""
    corpus = make_corpus(db)
    undisturbed = make_training_job(db, corpus, epochs=3)
    work(make_node(db, settings), Kind.TRAIN)
    disturbed = make_training_job(db, corpus, epochs=3)
    stopped_and_resumed(db, settings, disturbed, looks=2)
    node = make_node(db, settings)
    hashes = [
        weights_sha256(keras_model(node, checkpoints(db, job)[-1].blob_id))
        for job in (undisturbed, disturbed)
    ]
    assert hashes[0] == hashes[1]
    assert losses(db, undisturbed) == losses(db, disturbed)
    assert reload(db, disturbed).attempt == 2


def test_pause_inside_an_epoch_and_resume(
    db: Database, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A pause takes effect inside an epoch, and the run goes on from that step."""
    monkeypatch.setattr("worker.training.PROGRESS_SECONDS", 0.0)
    corpus = make_corpus(db)
    job = make_training_job(db, corpus, epochs=1)
    with db.write() as session:
        claimed = claim(session, "train", "node:1", 30)
        pause(session, job.id)
    assert claimed is not None
    run_job(make_node(db, settings), claimed)
    paused = reload(db, job)
    assert (paused.status, losses(db, job)) == ("paused", [])
    assert 0 < paused.progress["step"] < paused.progress["steps"]
    with db.write() as session:
        assert resume_blob(session, job.id)
        resume(session, job.id)
    work(make_node(db, settings), Kind.TRAIN)
    whole = make_training_job(db, corpus, epochs=1)
    work(make_node(db, settings), Kind.TRAIN)
    assert losses(db, job) == losses(db, whole)


def test_cancel_of_a_running_job(db: Database, settings: Settings) -> None:
    """A job whose owner cancels it ends cancelled, with the epochs it had."""
    job = make_training_job(db, epochs=50)
    with db.write() as session:
        claimed = claim(session, "train", "node:1", 30)
        cancel(session, job.id)
    assert claimed is not None
    run_job(make_node(db, settings.model_copy(update={"renew_seconds": 0.05})), claimed)
    assert reload(db, job).status == "cancelled"
    assert len(losses(db, job)) < 50


def test_a_diverging_run_fails_and_says_where(
    db: Database, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A loss that is no number fails the job with code diverged, naming epoch and step."""

    def overflown(node: Node, job: Job, heartbeat: Heartbeat) -> TrainingRun:
        run = prepare(node, job, heartbeat)
        state = run.state()
        run._values = Values.of([np.full_like(w, np.nan) for w in state.weights], state.optimizer)
        return run

    monkeypatch.setattr("worker.training.prepare", overflown)
    job = make_training_job(db)
    work(make_node(db, settings), Kind.TRAIN)
    failed = reload(db, job)
    assert (failed.status, failed.error_code) == ("failed", "diverged")
    assert failed.error_message is not None
    assert "epoch 1, step 1 of" in failed.error_message


def test_an_old_attempt_writes_nothing_more(db: Database, settings: Settings) -> None:
    """A worker whose job was taken over leaves no epoch, whatever it computed."""
    job = make_training_job(db)
    with db.write() as session:
        old = claim(session, "train", "frozen:1", -1)
    with db.write() as session:
        expire(session)
        claim(session, "train", "node:2", 30)
    assert old is not None
    run_job(make_node(db, settings), old)
    assert losses(db, job) == []
    assert (reload(db, job).status, reload(db, job).attempt) == ("running", 2)


def test_stops_early_and_says_so(db: Database, settings: Settings) -> None:
    """The job succeeds, and its event names the last epoch and the best one."""
    job = make_training_job(db, epochs=9, patience=2, learning_rate=1e-30)
    work(make_node(db, settings), Kind.TRAIN)
    assert (reload(db, job).status, len(losses(db, job))) == ("succeeded", 3)
    with db.read() as session:
        events = list_events(session, job.id).data
    assert (events[-2].type, events[-2].data) == ("stopped_early", {"epoch": 3, "best_epoch": 1})


def test_trains_chinese(db: Database, settings: Settings) -> None:
    """A Chinese text gives a Chinese vocabulary and Chinese samples."""
    job = make_training_job(db, make_corpus(db, CHINESE), epochs=1)
    work(make_node(db, settings), Kind.TRAIN)
    with db.read() as session:
        (sample,) = list_samples(session, job.id).data
    assert len(sample.text) == 80
    assert set(sample.prompt + sample.text) <= set(CHINESE)


def test_a_samples_prompt_is_fitted(db: Database, settings: Settings) -> None:
    """Each character becomes the nearest that the model knows, or is left out."""
    job = make_training_job(db, epochs=1, sample_prompt="Ït☃ was ")
    work(make_node(db, settings), Kind.TRAIN)
    with db.read() as session:
        (sample,) = list_samples(session, job.id).data
    assert (sample.prompt, len(sample.text)) == ("It was ", 80)


def test_starts_from_a_checkpoint(db: Database, settings: Settings) -> None:
    """A run from a checkpoint begins where that model's loss was, not at random."""
    corpus = make_corpus(db)
    first = make_training_job(db, corpus, epochs=4)
    work(make_node(db, settings), Kind.TRAIN)
    last = checkpoints(db, first)[-1]
    second = make_training_job(db, corpus, epochs=1, from_checkpoint_id=last.id)
    work(make_node(db, settings), Kind.TRAIN)
    assert losses(db, second)[0][1] < losses(db, first)[0][1]


BARE = """
import sys, numpy, keras
model = keras.saving.load_model(sys.argv[1])
windows = numpy.load(sys.argv[2])
numpy.save(sys.argv[3], model.predict(numpy.eye(model.input_shape[-1])[windows], verbose=0))
"""


def bare_keras(model: bytes, windows: Any, folder: Path) -> Any:
    """Return what a bare Keras, without any code of ours, makes of a stored model."""
    (folder / "model.keras").write_bytes(model)
    np.save(folder / "windows.npy", windows)
    names = ["model.keras", "windows.npy", "answer.npy"]
    subprocess.run([sys.executable, "-c", BARE, *names], cwd=folder, check=True, timeout=120)
    return np.load(folder / "answer.npy")


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"cell": "gru", "layers": 2, "dropout": 0.2, "loss_at": "every"},
        {"optimizer": "adam", "loss_at": "every", "clip_norm": 1.0, "weight_decay": 0.05},
    ],
)
def test_a_stored_model_opens_in_bare_keras(
    db: Database, settings: Settings, tmp_path: Path, fields: dict[str, Any]
) -> None:
    """Plain Keras gives, for 100 windows, the probabilities that the sampler uses."""
    job = make_training_job(db, **fields)
    work(make_node(db, settings), Kind.TRAIN)
    checkpoint = checkpoints(db, job)[-1]
    size = len(checkpoint.vocabulary)
    windows = np.random.default_rng(5).integers(0, size, (100, 20))
    ours: CharacterModel = character_model(make_node(db, settings), checkpoint)
    theirs = bare_keras(b"".join(read_blob(db, checkpoint.blob_id)), windows, tmp_path)
    assert np.abs(ours.probabilities(windows) - theirs).max() < 1e-5


def test_a_job_leaves_no_files_open(db: Database, settings: Settings) -> None:
    """When a job has ended nothing of the index that it mapped is left in the process."""
    mapped = Path("/proc/self/maps")
    if not mapped.exists():
        pytest.skip("what is mapped is read from /proc")
    make_training_job(db)
    # As in a large process, where Python hardly ever looks for what hangs together in circles.
    gc.disable()
    try:
        work(make_node(db, settings), Kind.TRAIN)
        assert any(settings.cache_folder.glob("*.suffixes")), "it had one"
        assert ".suffixes" not in mapped.read_text()
    finally:
        gc.enable()
