"""Every move of a job, who may make it, and what its fence refuses."""

import threading
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from shared.checkpoints.queries import list_checkpoints, resume_blob
from shared.db import Database
from shared.errors import LeaseLost, MoveRefused, NotFound
from shared.ids import new_id
from shared.jobs import records, services
from shared.jobs.models import Event, Job
from shared.jobs.services import Lease
from shared.queue import FakeTickets
from tests.support.factories import (
    claim_job,
    finish_epoch,
    make_blob,
    make_corpus,
    make_team,
    make_training_job,
    reload,
)

Step = Callable[[Session, str], Any]
MOVES: dict[str, Step] = {
    name: getattr(services, name) for name in ("cancel", "pause", "resume", "retry")
}


def do(db: Database, step: Callable[[Session], Any]) -> Any:
    """Do one thing in a transaction of its own."""
    with db.write() as session:
        return step(session)


def stand(db: Database, status: str) -> Job:
    """Return a job that stands at ``status``, brought there by moves alone."""
    job = make_training_job(db)
    if status in ("paused", "cancelled"):
        move = services.pause if status == "paused" else services.cancel
        do(db, lambda s: move(s, job.id))
    elif status != "queued":
        lease = claim_job(db, job)
        if status == "succeeded":
            do(db, lambda s: services.succeed(s, lease))
        elif status == "failed":
            do(db, lambda s: services.fail(s, lease, "diverged", "the loss is no number"))
    return reload(db, job)


ALLOWED = {
    ("cancel", "queued"): ("cancelled", None),
    ("cancel", "paused"): ("cancelled", None),
    ("cancel", "running"): ("running", "cancel"),
    ("pause", "queued"): ("paused", None),
    ("pause", "running"): ("running", "pause"),
    ("resume", "paused"): ("queued", None),
    ("retry", "failed"): ("queued", None),
    ("retry", "cancelled"): ("queued", None),
}
STATUSES = ("queued", "running", "paused", "succeeded", "failed", "cancelled")


@pytest.mark.parametrize("status", STATUSES)
@pytest.mark.parametrize("move", MOVES)
def test_the_table_of_moves(db: Database, move: str, status: str) -> None:
    """What the table allows is done; anything else is refused, naming the status."""
    job = stand(db, status)
    if (move, status) not in ALLOWED:
        with pytest.raises(MoveRefused, match=f"cannot {move} a job that is {status}"):
            do(db, lambda s: MOVES[move](s, job.id))
        assert reload(db, job).event_seq == job.event_seq
        return
    do(db, lambda s: MOVES[move](s, job.id))
    after = reload(db, job)
    assert (after.status, after.requested) == ALLOWED[move, status]
    assert after.event_seq == job.event_seq + 1


@pytest.mark.parametrize("move", MOVES)
def test_a_job_that_is_not_there_cannot_be_moved(db: Database, move: str) -> None:
    """An unknown id is named."""
    with pytest.raises(NotFound, match="no job"):
        do(db, lambda s: MOVES[move](s, new_id()))


def test_retry_forgets_the_error_and_the_losses(db: Database) -> None:
    """A retried job is as good as new, but for its attempts."""
    job = stand(db, "failed")
    do(db, lambda s: services.retry(s, job.id))
    after = reload(db, job)
    assert (after.error_code, after.error_message, after.finished_at) == (None, None, None)
    assert (after.losses, after.attempt) == (0, 1)


WRITES: dict[str, Callable[[Session, Lease], Any]] = {
    "renew": lambda s, lease: services.renew(s, lease, 30),
    "progress": lambda s, lease: services.report_progress(s, lease, {"fraction": 0.5}),
    "succeed": services.succeed,
    "fail": lambda s, lease: services.fail(s, lease, "internal", "no"),
    "hand back": services.hand_back,
    "start over": lambda s, lease: services.happened(s, lease, "anything", {}),
    "output": lambda s, lease: records.record_output(
        s, lease, records.NewOutput(1, 0.6, "a", {}, 3, 0, "length", text="abc")
    ),
}


@pytest.mark.parametrize("write", WRITES)
def test_an_old_attempt_is_refused(db: Database, write: str) -> None:
    """After its job was taken over, a worker can write nothing at all."""
    job = make_training_job(db)
    old = claim_job(db, job, seconds=-1)
    do(db, services.expire)
    claim_job(db, job)
    before = reload(db, job)
    with pytest.raises(LeaseLost):
        do(db, lambda s: WRITES[write](s, old))
    after = reload(db, job)
    assert (after.event_seq, after.status, after.progress) == (
        before.event_seq, "running", before.progress,
    )  # fmt: skip


def test_an_old_attempt_leaves_no_epoch(db: Database) -> None:
    """The fence stands before the epoch's rows."""
    job = make_training_job(db)
    old = claim_job(db, job, seconds=-1)
    do(db, services.expire)
    with pytest.raises(LeaseLost):
        finish_epoch(db, old)


def test_a_late_renewal_counts_while_nobody_took_the_job(db: Database) -> None:
    """A lease that ran out unseen can still be renewed."""
    lease = claim_job(db, make_training_job(db), seconds=-1)
    do(db, lambda s: services.renew(s, lease, 30))
    assert do(db, services.expire) == []


def test_success_beats_a_cancel_that_came_too_late(db: Database) -> None:
    """A job that was done when its cancel came has succeeded."""
    job = stand(db, "running")
    do(db, lambda s: services.cancel(s, job.id))
    do(db, lambda s: services.succeed(s, Lease(job.id, job.attempt)))
    after = reload(db, job)
    assert (after.status, after.requested) == ("succeeded", None)


@pytest.mark.parametrize(
    ("requested", "status"), [("cancel", "cancelled"), ("pause", "paused"), (None, "queued")]
)
@pytest.mark.parametrize("how", ["expire", "hand back"])
def test_what_was_requested_is_honoured(
    db: Database, how: str, requested: str | None, status: str
) -> None:
    """A job that stops running goes where its owner wanted it."""
    lease = claim_job(db, make_training_job(db), seconds=-1)
    if requested:
        do(db, lambda s: MOVES[requested](s, lease.job_id))
    step = services.expire if how == "expire" else lambda s: services.hand_back(s, lease)
    do(db, step)
    assert reload(db, lease).status == status


def test_a_job_that_loses_its_worker_again_and_again_fails(db: Database) -> None:
    """At max_losses the job fails with worker_lost."""
    job = make_training_job(db, max_losses=2)
    for status in ("queued", "failed"):
        claim_job(db, job, seconds=-1)
        do(db, services.expire)
        assert reload(db, job).status == status
    assert reload(db, job).error_code == "worker_lost"


def test_a_finished_epoch_forgives_losses(db: Database) -> None:
    """Losses count only in a row: an epoch between sets them to 0."""
    job = make_training_job(db, max_losses=2)
    claim_job(db, job, seconds=-1)
    do(db, services.expire)
    lease = claim_job(db, job, seconds=-1)
    finish_epoch(db, lease)
    do(db, services.expire)
    assert (reload(db, job).status, reload(db, job).losses) == ("queued", 1)


def test_claims_go_by_priority_then_by_turn(db: Database) -> None:
    """The highest priority first, then the oldest; another queue's jobs never."""
    corpus = make_corpus(db)
    jobs = [make_training_job(db, corpus, priority=p) for p in (0, 5, 0, -1, 5)]
    assert do(db, lambda s: services.claim(s, "generate", "w", 30)) is None
    order = [do(db, lambda s: services.claim(s, "train", "w", 30)).id for _ in jobs]
    assert order == [jobs[i].id for i in (1, 4, 0, 2, 3)]


def test_a_busy_team_does_not_starve_another(db: Database) -> None:
    """One job of a second team goes before all but the first of a hundred others'."""
    corpus = make_corpus(db)
    for _ in range(20):
        make_training_job(db, corpus)
    single = make_training_job(db, team_id=make_team(db))
    order = [do(db, lambda s: services.claim(s, "train", "w", 30)).id for _ in range(3)]
    assert single.id in order


def test_no_job_is_claimed_twice(db: Database) -> None:
    """Many workers at once: every job has one of them."""
    corpus = make_corpus(db)
    jobs = {make_training_job(db, corpus).id for _ in range(12)}
    claimed: list[str] = []

    def worker(name: str) -> None:
        while job := do(db, lambda s: services.claim(s, "train", name, 30)):
            claimed.append(job.id)

    threads = [threading.Thread(target=worker, args=[f"w{n}"]) for n in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(claimed) == len(jobs)
    assert set(claimed) == jobs


def test_event_numbers_have_no_gaps_between_writers(db: Database) -> None:
    """Events of one job, written at once from many places, are numbered one by one."""
    lease = claim_job(db, make_training_job(db))

    def writer() -> None:
        for _ in range(10):
            do(db, lambda s: services.happened(s, lease, "note", {}))

    threads = [threading.Thread(target=writer) for _ in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    with db.read() as session:
        found = session.scalars(select(Event.seq).where(Event.job_id == lease.job_id)).all()
    assert sorted(found) == list(range(1, 53))


def test_a_ticket_goes_out_after_the_commit_only(db: Database, tickets: FakeTickets) -> None:
    """A transaction that rolls back sends nothing."""
    job = stand(db, "paused")
    tickets.sent.clear()

    def broken(session: Session) -> None:
        services.resume(session, job.id)
        raise RuntimeError

    with pytest.raises(RuntimeError):
        do(db, broken)
    assert tickets.sent == []
    do(db, lambda s: services.resume(s, job.id))
    assert tickets.sent == ["train"]


def test_a_resume_state_is_replaced(db: Database) -> None:
    """A job has one resume state: the last."""
    lease = claim_job(db, make_training_job(db))
    for data in (b"first", b"second"):
        blob = make_blob(db, data)
        with db.write() as session:
            records.save_state(session, lease, blob, {"epoch": 1, "step": 2})
    with db.read() as session:
        assert resume_blob(session, lease.job_id) == blob.id


def test_old_checkpoints_go_but_the_best_stays(db: Database) -> None:
    """keep_checkpoints newest ones are kept, and the best one however old."""
    lease = claim_job(db, make_training_job(db, keep_checkpoints=2, epochs=5))
    for epoch, loss in enumerate([3.0, 1.0, 2.5, 2.4, 2.3], 1):
        finish_epoch(db, lease, epoch, val_loss=loss)
    with db.read() as session:
        rows = list_checkpoints(session, lease.job_id).data
    assert [(row.epoch, row.best) for row in rows] == [(2, True), (4, False), (5, False)]
