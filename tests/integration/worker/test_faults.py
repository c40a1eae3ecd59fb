"""What goes wrong around a run: memory, disk, database, its process."""

import errno
import signal
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError, OperationalError
from sqlalchemy.orm import Session

from shared.checkpoints.queries import resume_blob
from shared.db import Database, is_away
from shared.jobs import services
from shared.jobs.models import Job, Kind
from shared.jobs.queries import list_epochs, list_events
from shared.queue import FakeTickets
from shared.settings import Settings
from tests.support.factories import claim_job, make_training_job, reload
from tests.support.nodes import make_node
from worker import training
from worker.board import Board
from worker.engine.training import TrainingRun
from worker.memory import Allowance
from worker.runners import run_job, take_over, work


def epochs(db: Database, job: Job) -> list[int]:
    """Return the numbers of the job's epoch records."""
    with db.read() as session:
        return [row.epoch for row in list_epochs(session, job.id).data]


def failing(monkeypatch: pytest.MonkeyPatch, error: BaseException, times: int) -> None:
    """Let training steps end in an error so many times, at the start of a run each time."""
    real, left = TrainingRun._train, [error] * times

    def train(run: TrainingRun, batches: int) -> None:
        if left:
            raise left.pop()
        real(run, batches)

    monkeypatch.setattr(TrainingRun, "_train", train)


def test_out_of_memory_is_a_loss(
    db: Database, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another attempt follows, and a finished epoch forgives."""
    failing(monkeypatch, MemoryError("no room for 9 GB"), 2)
    job = make_training_job(db)
    assert work(make_node(db, settings), Kind.TRAIN) == 3
    done = reload(db, job)
    assert (done.status, done.attempt, done.losses) == ("succeeded", 3, 0)


def test_out_of_memory_again_and_again_fails(
    db: Database, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At max_losses the job fails, naming the reason."""
    failing(monkeypatch, MemoryError("no room for 9 GB"), 9)
    job = make_training_job(db, max_losses=2)
    assert work(make_node(db, settings), Kind.TRAIN) == 2
    done = reload(db, job)
    assert (done.status, done.error_code) == ("failed", "worker_lost")
    assert "out of memory" in (done.error_message or "")


def test_a_full_disk_fails_the_job_with_advice(
    db: Database, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The worker's own disk: the job says which folder, and a retry goes on."""

    def full(*_: Any) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(training, "_store_model", full)
        job = make_training_job(db)
        work(make_node(db, settings), Kind.TRAIN)
    failed = reload(db, job)
    assert (failed.status, failed.error_code) == ("failed", "disk_full")
    assert "retry" in (failed.error_message or "")
    with db.write() as session:
        services.retry(session, job.id)
    work(make_node(db, settings), Kind.TRAIN)
    assert reload(db, job).status == "succeeded"


def test_an_unknown_error_fails_the_job_at_once(
    db: Database, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A defect of ours is not tried again and again."""
    failing(monkeypatch, RuntimeError("a defect"), 1)
    job = make_training_job(db)
    work(make_node(db, settings), Kind.TRAIN)
    assert (reload(db, job).status, reload(db, job).error_code) == ("failed", "internal")


def test_a_process_that_is_asked_to_end_hands_its_job_back(
    db: Database, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """SIGTERM to a pool process itself raises SystemExit in the run: that is no loss."""
    failing(monkeypatch, SystemExit(int(signal.SIGTERM)), 1)
    job = make_training_job(db)
    with pytest.raises(SystemExit):
        work(make_node(db, settings), Kind.TRAIN)
    assert (reload(db, job).status, reload(db, job).losses) == ("queued", 0)


def broken_once(db: Database, session: Session) -> None:
    """Make this transaction fail as one does whose database is ended, or whose disk is full."""
    if db.engine.dialect.name == "postgresql":
        session.execute(text("SELECT pg_terminate_backend(pg_backend_pid())"))
    most = session.execute(text("PRAGMA max_page_count")).scalar()
    try:
        session.execute(text("PRAGMA max_page_count = 1"))
        session.execute(text("CREATE TABLE more AS SELECT randomblob(9000000)"))
    finally:
        session.connection().exec_driver_sql(f"PRAGMA max_page_count = {most}")


def test_a_write_waits_for_the_database(db: Database, settings: Settings) -> None:
    """A transaction whose database goes away is done again, whole."""
    job, tries = make_training_job(db), []

    def change(session: Session) -> None:
        tries.append(1)
        services.pause(session, job.id)
        if len(tries) == 1:
            broken_once(db, session)

    make_node(db, settings).write(change)
    assert (reload(db, job).status, len(tries)) == ("paused", 2)


def test_a_stopping_worker_does_not_wait(db: Database, settings: Settings) -> None:
    """Told to stop, a worker leaves what it cannot write."""
    node = make_node(db, settings)
    node.stop.raise_()
    with pytest.raises(OperationalError):
        node.write(lambda session: broken_once(db, session))


def test_a_defect_is_not_tried_again(db: Database, settings: Settings) -> None:
    """An error that the next try would meet again is raised at once."""
    make_training_job(db)
    with pytest.raises(IntegrityError) as raised:
        make_node(db, settings).write(lambda s: s.execute(text("UPDATE jobs SET status = 'lost'")))
    assert not is_away(raised.value)


def test_reading_the_text_survives_an_outage(
    db: Database, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The database goes away while a job is prepared: it begins again, and no attempt is lost."""
    calls: list[str] = []

    def flaky(session: Session, job_id: str) -> str | None:
        calls.append(job_id)
        if len(calls) == 1:
            broken_once(db, session)
        return resume_blob(session, job_id)

    monkeypatch.setattr("worker.training.resume_blob", flaky)
    job = make_training_job(db)
    work(make_node(db, settings), Kind.TRAIN)
    assert (reload(db, job).status, reload(db, job).attempt) == ("succeeded", 1)


def test_a_cancel_while_the_text_is_read(
    db: Database, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A job need not begin to train in order to stop."""
    monkeypatch.setattr("worker.heartbeat.Heartbeat.should_stop", lambda _: True)
    job = make_training_job(db)
    with db.write() as session:
        claimed = services.claim(session, "train", "node:1", 30)
        services.cancel(session, job.id)
    assert claimed is not None
    run_job(make_node(db, settings), claimed)
    assert reload(db, job).status == "cancelled"


def test_a_replacement_queues_its_predecessors_job(db: Database, settings: Settings) -> None:
    """The process died: its slot still says which job it ran."""
    board, job = Board(), make_training_job(db)
    board.slot(3).hold(claim_job(db, job))
    take_over(make_node(db, settings, slot=board.slot(3)))
    again = reload(db, job)
    assert (again.status, again.losses) == ("queued", 1)
    with db.read() as session:
        last = list_events(session, job.id).data[-1]
    assert last.data["reason"] == "the pool process died"
    assert board.slot(3).held() is None


def test_a_replacement_leaves_others_alone(db: Database, settings: Settings) -> None:
    """Another slot's job, and one that was taken over meanwhile, are not its to take."""
    board, job = Board(), make_training_job(db)
    old = claim_job(db, job, seconds=-1)
    with db.write() as session:
        services.expire(session)
    new = claim_job(db, job)
    board.slot(0).hold(old)
    board.slot(1).hold(new)
    take_over(make_node(db, settings, slot=board.slot(0)))
    take_over(make_node(db, settings, slot=board.slot(2)))
    assert (reload(db, job).status, reload(db, job).attempt) == ("running", 2)
    assert board.slot(1).held() == new


def test_a_slot_is_empty_after_the_job(db: Database, settings: Settings) -> None:
    """A process that dies between two jobs has none to be queued again."""
    node, job = make_node(db, settings), make_training_job(db, epochs=1)
    work(node, Kind.TRAIN)
    assert node.slot.held() is None
    assert epochs(db, job) == [1]


def test_a_process_that_has_grown_leaves_the_rest_to_others(
    db: Database, settings: Settings, tickets: FakeTickets
) -> None:
    """It ends the job at hand, asks to be replaced, and has a ticket sent for what waits."""
    jobs = [make_training_job(db, epochs=1) for _ in range(2)]
    held, left = iter((0, 1001, 1001)), []
    allowance = Allowance(1000, lambda: next(held))
    allowance.begin()
    tickets.sent.clear()
    node = make_node(db, settings, allowance=allowance, leave=lambda: left.append(True))
    assert work(node, Kind.TRAIN) == 1
    assert [reload(db, job).status for job in jobs] == ["succeeded", "queued"]
    assert (left, tickets.sent) == ([True], ["train"])
