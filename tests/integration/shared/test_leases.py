"""Leases: who gets which job, what an old one may still do, and what happens when one is lost."""

import threading
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from shared.checkpoints.queries import resume_blob
from shared.db import Database
from shared.errors import LeaseLost
from shared.jobs import records, rows, services, written
from shared.jobs.models import Event, Job
from shared.jobs.queries import list_epochs, list_events
from shared.jobs.rows import Lease
from shared.queue import FakeTickets
from tests.support.factories import (
    WORKER,
    claim_job,
    do,
    finish_epoch,
    make_blob,
    make_corpus,
    make_team,
    make_training_job,
    reload,
)

WRITES: dict[str, Callable[[Session, Lease], Any]] = {
    "renew": lambda s, lease: services.renew(s, lease, 30),
    "progress": lambda s, lease: services.report_progress(s, lease, {"fraction": 0.5}),
    "succeed": services.succeed,
    "fail": lambda s, lease: services.fail(s, lease, "internal", "no"),
    "hand back": services.hand_back,
    "lose": lambda s, lease: services.lose(s, lease, "killed"),
    "event": lambda s, lease: rows.happened(s, lease, "anything", {}),
    "drop unfinished": records.drop_unfinished,
    "output": lambda s, lease: records.record_output(
        s, lease, records.NewOutput(1, 0.6, "a", {}, 3, 0, "length", text="abc")
    ),
    "pieces": lambda s, lease: written.write_pieces(s, lease, [written.NewPiece(1, 0, 0, "abc")]),
    "no pieces": lambda s, lease: written.write_pieces(s, lease, [], progress={"fraction": 0.5}),
    "finished text": lambda s, lease: written.finish_text(
        s, lease, records.NewOutput(1, 0.6, "a", {}, 3, 0, "length")
    ),
}
# What ends a lease.
ENDS: dict[str, Callable[[Session, Lease], Any]] = {
    "taken over": lambda s, lease: (services.expire(s), services.claim(s, "train", "next", 30)),
    "known to be gone": lambda s, lease: services.lose(s, lease, "killed"),
    "handed back": services.hand_back,
    "done": services.succeed,
}


def event_count(db: Database, job: Job | Lease) -> int:
    """Return how many events the job has."""
    with db.read() as session:
        query = select(func.count()).where(Event.job_id == reload(db, job).id)
        return session.scalars(query).one()


def lose(db: Database, lease: Lease, how: str, reason: str) -> str:
    """Take the job back, by who saw its worker die or by the sweeper; return the reason."""
    if how == "expire":
        do(db, services.expire)
        return "lease ran out"
    do(db, lambda s: services.lose(s, lease, reason))
    return reason


@pytest.mark.parametrize("end", ENDS)
def test_an_old_lease_writes_nothing(db: Database, end: str) -> None:
    """Whatever ended it, after that it can neither move the job nor leave a row."""
    job = make_training_job(db)
    old = claim_job(db, job, seconds=-1)
    do(db, lambda s: ENDS[end](s, old))
    before = reload(db, job)
    for write in WRITES.values():
        with pytest.raises(LeaseLost, match="attempt 1"):
            do(db, lambda s, write=write: write(s, old))  # type: ignore[misc]
    after = reload(db, job)
    assert (after.event_seq, after.status, after.progress, after.losses, after.lease_until) == (
        before.event_seq, before.status, before.progress, before.losses, before.lease_until,
    )  # fmt: skip
    assert event_count(db, job) == after.event_seq


def test_an_old_lease_leaves_no_epoch(db: Database) -> None:
    """The fence stands before the epoch's rows, and before the resume state."""
    job = make_training_job(db)
    old = claim_job(db, job, seconds=-1)
    do(db, services.expire)
    claim_job(db, job)
    with pytest.raises(LeaseLost):
        finish_epoch(db, old)
    blob = make_blob(db, b"an old state")
    with pytest.raises(LeaseLost):
        do(db, lambda s: records.save_state(s, old, blob))
    with db.read() as session:
        assert resume_blob(session, job.id) is None
        assert list_epochs(session, job.id).data == []


def test_a_late_renewal_counts_while_nobody_took_the_job(db: Database) -> None:
    """A lease that ran out unseen can still be renewed."""
    lease = claim_job(db, make_training_job(db), seconds=-1)
    do(db, lambda s: services.renew(s, lease, 30))
    assert do(db, services.expire) == []


@pytest.mark.parametrize("how", ["lose", "expire"])
def test_a_lost_job_is_queued_again(db: Database, tickets: FakeTickets, how: str) -> None:
    """With its loss counted, the reason and the worker in its event, and a ticket out."""
    lease = claim_job(db, make_training_job(db), seconds=-1)
    tickets.sent.clear()
    reason = lose(db, lease, how, "killed by signal 9")
    after = reload(db, lease)
    assert (after.status, after.losses, after.attempt) == ("queued", 1, 1)
    assert tickets.sent == ["train"]
    with db.read() as session:
        event = list_events(session, lease.job_id).data[-1]
    assert (event.type, event.data) == (
        "queued", {"reason": reason, "worker": WORKER, "losses": 1},
    )  # fmt: skip


@pytest.mark.parametrize("how", ["lose", "expire"])
def test_a_job_that_loses_its_worker_again_and_again_fails(db: Database, how: str) -> None:
    """At max_losses it fails with worker_lost, naming how often and the last reason."""
    job = make_training_job(db, max_losses=2)
    for status in ("queued", "failed"):
        reason = lose(db, claim_job(db, job, seconds=-1), how, f"killed while {status}")
        assert reload(db, job).status == status
    after = reload(db, job)
    assert (after.error_code, after.losses) == ("worker_lost", 2)
    assert "lost 2 times" in (after.error_message or "")
    assert f"the last time: {reason}" in (after.error_message or "")
    assert after.finished_at is not None


@pytest.mark.parametrize("how", ["lose", "expire"])
def test_the_last_loss_of_a_cancelled_job_is_no_failure(db: Database, how: str) -> None:
    """What its owner requested goes before max_losses."""
    lease = claim_job(db, make_training_job(db, max_losses=1), seconds=-1)
    do(db, lambda s: services.cancel(s, lease.job_id))
    lose(db, lease, how, "killed")
    after = reload(db, lease)
    assert (after.status, after.error_code, after.losses) == ("cancelled", None, 1)


def test_a_job_is_lost_once(db: Database) -> None:
    """Whoever comes second, the one who saw it die or the sweeper, finds nothing to do."""
    lease = claim_job(db, make_training_job(db), seconds=-1)
    do(db, lambda s: services.lose(s, lease, "killed"))
    assert do(db, services.expire) == []
    with pytest.raises(LeaseLost):
        do(db, lambda s: services.lose(s, lease, "killed"))
    assert reload(db, lease).losses == 1


def test_only_leases_that_ran_out_expire(db: Database) -> None:
    """The sweeper takes the late one and leaves the other."""
    corpus = make_corpus(db)
    late, _ = make_training_job(db, corpus, priority=1), make_training_job(db, corpus)
    claim_job(db, late, seconds=-1)
    running = claim_job(db)
    assert [job.id for job in do(db, services.expire)] == [late.id]
    assert reload(db, running).status == "running"


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
    order = [claim_job(db).job_id for _ in jobs]
    assert order == [jobs[i].id for i in (1, 4, 0, 2, 3)]


def test_a_busy_team_does_not_starve_another(db: Database) -> None:
    """One job of a second team goes before all but the first of a hundred others'."""
    corpus = make_corpus(db)
    for _ in range(20):
        make_training_job(db, corpus)
    single = make_training_job(db, team_id=make_team(db))
    order = [claim_job(db).job_id for _ in range(3)]
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
