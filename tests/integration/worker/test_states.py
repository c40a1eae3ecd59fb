"""Resume states inside an epoch, and what a run that was killed makes of them."""

from typing import Any

import pytest

from shared.blobs import read_blob
from shared.checkpoints.queries import list_checkpoints, resume_blob
from shared.db import Database
from shared.errors import LeaseLost
from shared.jobs import services
from shared.jobs.models import Job, Kind
from shared.jobs.queries import list_epochs, list_samples
from shared.jobs.rows import Lease
from shared.settings import Settings
from tests.support.factories import make_corpus, make_training_job, reload
from tests.support.nodes import make_node
from worker import training
from worker.engine.reports import Progress
from worker.engine.state import Position, TrainingState
from worker.runners import run_job, work


@pytest.fixture
def eager(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Settings with which a state is saved as soon as the last one is, after every step."""
    monkeypatch.setattr(training, "PROGRESS_SECONDS", 0.0)
    return settings.model_copy(update={"state_seconds": 0.001})


def position(db: Database, job: Job) -> Position | None:
    """Return where the job's resume state stands."""
    with db.read() as session:
        blob = resume_blob(session, job.id)
    return TrainingState.from_bytes(b"".join(read_blob(db, blob))).position if blob else None


def left(db: Database, job: Job) -> Any:
    """Return all that must be the same in every run of a spec, the weights' bytes included."""
    with db.read() as session:
        epochs = [(e.epoch, e.loss, e.val_loss) for e in list_epochs(session, job.id).data]
        samples = [(s.epoch, s.prompt, s.text) for s in list_samples(session, job.id).data]
        models = [(c.epoch, c.best) for c in list_checkpoints(session, job.id).data]
    return epochs, samples, models


def die_at(monkeypatch: pytest.MonkeyPatch, epoch: int, step: int) -> None:
    """Let the next run end at a step without another word, as if its process were killed."""
    real = training._progress

    def dying(node: Any, lease: Any, progress: Progress) -> str | None:
        if (progress.epoch, progress.step) >= (epoch, step):
            monkeypatch.setattr(training, "_progress", real)
            raise LeaseLost("killed")
        return real(node, lease, progress)

    monkeypatch.setattr(training, "_progress", dying)


def take_back(db: Database, job: Job) -> None:
    """Queue a job again whose worker was killed."""
    with db.write() as session:
        services.lose(session, Lease(job.id, reload(db, job).attempt), "it was killed")


def test_a_killed_run_goes_on_inside_its_epoch(
    db: Database, eager: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Killed twice, in two epochs: the same records and samples as an undisturbed run."""
    corpus = make_corpus(db)
    undisturbed, job = (make_training_job(db, corpus, epochs=3) for _ in range(2))
    with db.write() as session:
        services.pause(session, job.id)
    work(make_node(db, eager), Kind.TRAIN)
    with db.write() as session:
        services.resume(session, job.id)
    for epoch, step in ((1, 12), (2, 15)):
        die_at(monkeypatch, epoch, step)
        work(make_node(db, eager), Kind.TRAIN)
        stood = position(db, job)
        assert stood is not None
        assert stood.epoch == epoch
        assert 0 < stood.step <= step
        take_back(db, job)
    work(make_node(db, eager), Kind.TRAIN)
    assert reload(db, job).attempt == 3
    assert left(db, job) == left(db, undisturbed)


def test_states_inside_an_epoch_are_no_events(db: Database, eager: Settings) -> None:
    """A run of a day must not leave thousands of rows."""
    job = make_training_job(db, epochs=1)
    work(make_node(db, eager), Kind.TRAIN)
    assert reload(db, job).event_seq == 6


def test_an_old_attempt_saves_no_state(
    db: Database, eager: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A thread that comes late with a state is refused, and the run ends."""
    job = make_training_job(db, epochs=50)
    with db.write() as session:
        old = services.claim(session, "train", "frozen:1", 30)
    assert old is not None
    # Progress is not refused here, so that the state is the first write that is.
    monkeypatch.setattr(training, "_progress", lambda *_: None)
    take_back(db, job)
    run_job(make_node(db, eager), old)
    assert position(db, job) is None
    assert reload(db, job).status == "queued"


def test_success_leaves_no_state(db: Database, eager: Settings) -> None:
    """What needs no resuming takes no space."""
    job = make_training_job(db)
    work(make_node(db, eager), Kind.TRAIN)
    assert position(db, job) is None
