"""Every move of a job: what its owner may do when, and what it leaves."""

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy.orm import Session

from shared.db import Database
from shared.errors import MoveRefused, NotFound
from shared.ids import new_id
from shared.jobs import services
from shared.jobs.models import Status
from shared.jobs.rows import Lease
from shared.queue import FakeTickets
from tests.support.factories import claim_job, do, make_standing_job, make_training_job, reload

MOVES: dict[str, Callable[[Session, str], Any]] = {
    name: getattr(services, name) for name in ("cancel", "pause", "resume", "retry")
}

# Where a job stands after a move, and what is requested of it.
ALLOWED: dict[tuple[str, str], tuple[str, str | None]] = {
    ("cancel", "queued"): ("cancelled", None),
    ("cancel", "paused"): ("cancelled", None),
    ("cancel", "running"): ("running", "cancel"),
    ("pause", "queued"): ("paused", None),
    ("pause", "running"): ("running", "pause"),
    ("resume", "paused"): ("queued", None),
    ("retry", "failed"): ("queued", None),
    ("retry", "cancelled"): ("queued", None),
}


REFUSED = [(move, status) for move in MOVES for status in Status if (move, status) not in ALLOWED]


@pytest.mark.parametrize(("move", "status"), ALLOWED)
def test_what_the_table_allows(db: Database, move: str, status: str) -> None:
    """It is done, and leaves one event with its number."""
    job = make_standing_job(db, status)
    do(db, lambda s: MOVES[move](s, job.id))
    after = reload(db, job)
    assert (after.status, after.requested) == ALLOWED[move, status]
    assert after.event_seq == job.event_seq + 1


@pytest.mark.parametrize(("move", "status"), REFUSED)
def test_what_the_table_does_not_allow(db: Database, move: str, status: str) -> None:
    """It is refused, naming the status and all that would be accepted; nothing happens."""
    job = make_standing_job(db, status)
    with pytest.raises(MoveRefused, match=f"cannot {move} a job that is {status}") as refused:
        do(db, lambda s: MOVES[move](s, job.id))
    accepted = str(refused.value).partition("accepts: ")[2].split(", ")
    assert sorted(accepted) == sorted(status for m, status in ALLOWED if m == move)
    after = reload(db, job)
    assert (after.status, after.requested, after.event_seq) == (status, None, job.event_seq)


@pytest.mark.parametrize("move", MOVES)
def test_a_job_that_is_not_there_cannot_be_moved(db: Database, move: str) -> None:
    """An unknown id is named."""
    with pytest.raises(NotFound, match="no job"):
        do(db, lambda s: MOVES[move](s, new_id()))


def test_retry_forgets_the_error_and_the_losses(db: Database) -> None:
    """A retried job is as good as new, but for its attempts."""
    job = make_standing_job(db, "failed")
    do(db, lambda s: services.retry(s, job.id))
    after = reload(db, job)
    assert (after.error_code, after.error_message, after.finished_at) == (None, None, None)
    assert (after.losses, after.attempt) == (0, 1)


def test_success_beats_a_cancel_that_came_too_late(db: Database) -> None:
    """A job that was done when its cancel came has succeeded."""
    job = make_standing_job(db, "running")
    do(db, lambda s: services.cancel(s, job.id))
    do(db, lambda s: services.succeed(s, Lease(job.id, job.attempt)))
    after = reload(db, job)
    assert (after.status, after.requested) == ("succeeded", None)


STOPS: dict[str, Callable[[Session, Lease], Any]] = {
    "expire": lambda s, lease: services.expire(s),
    "hand back": services.hand_back,
    "lose": lambda s, lease: services.lose(s, lease, "killed"),
}


@pytest.mark.parametrize(
    ("requested", "status"), [("cancel", "cancelled"), ("pause", "paused"), (None, "queued")]
)
@pytest.mark.parametrize("how", STOPS)
def test_what_was_requested_is_honoured(
    db: Database, how: str, requested: str | None, status: str
) -> None:
    """A job that stops running goes where its owner wanted it."""
    lease = claim_job(db, make_training_job(db), seconds=-1)
    if requested:
        do(db, lambda s: MOVES[requested](s, lease.job_id))
    do(db, lambda s: STOPS[how](s, lease))
    after = reload(db, lease)
    assert (after.status, after.requested, after.lease_until, after.worker) == (
        status, None, None, None,
    )  # fmt: skip
    assert (after.finished_at is not None) == (status == "cancelled")


def test_a_ticket_goes_out_after_the_commit_only(db: Database, tickets: FakeTickets) -> None:
    """A transaction that rolls back sends nothing."""
    job = make_standing_job(db, "paused")
    tickets.sent.clear()

    def broken(session: Session) -> None:
        services.resume(session, job.id)
        raise RuntimeError

    with pytest.raises(RuntimeError):
        do(db, broken)
    assert tickets.sent == []
    do(db, lambda s: services.resume(s, job.id))
    assert tickets.sent == ["train"]
