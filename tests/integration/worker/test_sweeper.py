"""What beat has done every few seconds."""

from typing import Any

import pytest
from sqlalchemy import func, insert, select, update
from sqlalchemy.exc import IntegrityError, OperationalError

from shared.blob_ends import DELETED
from shared.blobs import Blob
from shared.db import Database, database_time, now
from shared.ids import new_id
from shared.jobs.services import claim
from shared.queue import FakeTickets
from shared.rounds import KEY, last_round
from shared.settings import Settings
from shared.waking import connection
from shared.workers.models import Worker
from shared.workers.queries import list_workers
from shared.workers.services import KEPT_SECONDS, Process, see
from tests.support.factories import claim_job, make_blob, make_training_job, reload
from tests.support.nodes import make_node
from worker.sweeper import MOST_TICKETS, Rounds, may_expire, sweep, top_up

AWAKE: dict[str, Any] = {"last": float("inf")}


def count_blobs(db: Database) -> int:
    """Return how many blobs there are."""
    with db.read() as session:
        return session.scalars(select(func.count()).select_from(Blob)).one()


def test_takes_back_a_job_whose_worker_vanished(db: Database, settings: Settings) -> None:
    """A job whose lease ran out is queued again."""
    lease = claim_job(db, make_training_job(db), seconds=-1)
    sweep(make_node(db, settings), Rounds(**AWAKE))
    job = reload(db, lease)
    assert (job.status, job.losses) == ("queued", 1)


def test_tells_when_it_went_round(db: Database, settings: Settings, redis_url: str) -> None:
    """So that somebody can see that it does."""
    with connection(redis_url) as client:
        client.delete(KEY)
        assert last_round(client) is None
        sweep(make_node(db, settings.model_copy(update={"redis_url": redis_url})), Rounds())
        seconds = last_round(client)
    assert seconds is not None
    assert 0 <= seconds < 60


def test_forgets_workers_of_yesterday(db: Database, settings: Settings) -> None:
    """One that nobody has seen for a day is no longer listed; one that was seen since stays."""
    with db.write() as session:
        for name in ("old", "new"):
            see(session, Process(new_id(), name, ["train"], "cpu", now()))
        old = update(Worker).where(Worker.name == "old")
        session.execute(old.values(seen_time=Worker.seen_time - KEPT_SECONDS - 1))
    sweep(make_node(db, settings), Rounds(**AWAKE))
    with db.read() as session:
        assert [worker.name for worker in list_workers(session).data] == ["new"]


def test_waits_one_lease_after_a_start(db: Database, settings: Settings) -> None:
    """Right after a start every lease looks late: none is judged for the length of one."""
    lease = claim_job(db, make_training_job(db), seconds=-1)
    sweep(make_node(db, settings), Rounds())
    assert reload(db, lease).status == "running"


def test_waits_one_lease_after_a_sleep(db: Database, settings: Settings) -> None:
    """A round that comes long after the last one judges no lease, nor do the next ones."""
    node, rounds = make_node(db, settings), Rounds(**AWAKE)
    assert may_expire(node, rounds)
    rounds.last -= settings.sweep_seconds + settings.lease_seconds
    assert not may_expire(node, rounds)
    assert not may_expire(node, rounds)
    rounds.quiet_until -= settings.lease_seconds
    assert may_expire(node, rounds)


def test_a_waiting_job_gets_a_ticket(
    db: Database, settings: Settings, tickets: FakeTickets
) -> None:
    """A ticket that the broker lost is sent again, once."""
    make_training_job(db)
    tickets.sent.clear()
    for _ in range(3):
        top_up(make_node(db, settings))
    assert tickets.sent == ["train"]


def test_many_waiting_jobs_do_not_flood(
    db: Database, settings: Settings, tickets: FakeTickets
) -> None:
    """However many jobs wait, only so many tickets are out."""
    for _ in range(MOST_TICKETS + 4):
        make_training_job(db)
    tickets.sent.clear()
    for _ in range(3):
        top_up(make_node(db, settings))
    assert len(tickets.sent) == MOST_TICKETS
    # As many as wake all of them, where many workers wait.
    with db.write() as session:
        for number in range(MOST_TICKETS):
            see(session, Process(new_id(), f"w{number}", ["train"], "cpu", now()))
    top_up(make_node(db, settings))
    assert len(tickets.sent) == MOST_TICKETS + 4


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_only_who_can_serve_is_woken(
    db: Database, settings: Settings, tickets: FakeTickets
) -> None:
    """Nobody for a job that no idle worker may take: each would ask the database in vain."""
    node = make_node(db, settings)
    make_training_job(db, needs={"gpu": True})

    def sent() -> int:
        tickets.sent.clear()
        top_up(node)
        return len(tickets.sent)

    assert sent() == 0
    with db.write() as session:
        see(session, Process(new_id(), "w:1", ["train"], "cpu", now()))
    assert sent() == 0
    with db.write() as session:
        see(session, Process(new_id(), "g:1", ["train"], "gpu:0", now()))
    assert sent() == MOST_TICKETS
    busy = make_training_job(db, priority=9)
    with db.write() as session:
        assert getattr(claim(session, "train", "g:1", 30), "id", None) == busy.id
    assert sent() == 0
    make_training_job(db)
    assert sent() == MOST_TICKETS


def test_reclaims_bytes_that_nothing_refers_to(db: Database, settings: Settings) -> None:
    """After the grace time unreferenced bytes go."""
    blob = make_blob(db, b"left over")
    sweep(make_node(db, settings.model_copy(update={"blob_grace_seconds": -1})), Rounds(**AWAKE))
    with db.read() as session:
        assert session.get(Blob, blob.id) is None


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_round_goes_on_where_much_is_to_go(
    db: Database, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is deleted at once goes in one round, for as long as a round may take."""
    rows = [{"id": new_id(), "bytes": 0, "touched_at": 1.0} for _ in range(2 * DELETED + 1)]
    with db.write() as session:
        session.execute(insert(Blob), rows)
    monkeypatch.setattr("worker.sweeper.RECLAIM_SECONDS", 0.0)
    sweep(make_node(db, settings), Rounds(**AWAKE))
    assert count_blobs(db) == DELETED + 1
    monkeypatch.setattr("worker.sweeper.RECLAIM_SECONDS", 60.0)
    sweep(make_node(db, settings), Rounds(**AWAKE))
    assert count_blobs(db) == 0


def test_bytes_are_kept_after_a_sleep(db: Database, settings: Settings) -> None:
    """Whoever stored them slept, too, and is about to refer to them."""
    blob = make_blob(db, b"a model, before its checkpoint is written")
    with db.write() as session:
        session.execute(update(Blob).values(touched_at=database_time() - 7200))
        slept = session.scalars(select(database_time() - 7200)).one()
    sweep(make_node(db, settings), Rounds(last=slept))
    with db.read() as session:
        assert session.get(Blob, blob.id) is not None


def test_a_round_without_the_database_is_put_off(
    db: Database, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No traceback, and the next round does what this one could not."""
    lease = claim_job(db, make_training_job(db), seconds=-1)

    def away(_: object) -> None:
        raise OperationalError("UPDATE", {}, Exception("the database is away"))

    with monkeypatch.context() as patched:
        patched.setattr("worker.sweeper.expire", away)
        sweep(make_node(db, settings), Rounds(**AWAKE))
    sweep(make_node(db, settings), Rounds(**AWAKE))
    assert reload(db, lease).status == "queued"


def test_a_defect_in_a_round_is_not_hidden(
    db: Database, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only an outage is put off."""

    def broken(_: object) -> None:
        raise IntegrityError("UPDATE", {}, Exception("a defect"))

    monkeypatch.setattr("worker.sweeper.expire", broken)
    with pytest.raises(IntegrityError):
        sweep(make_node(db, settings), Rounds(**AWAKE))
