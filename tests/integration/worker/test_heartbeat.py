"""A thread renews a lease while the job computes, and hears what was requested."""

import threading
import time
from collections.abc import Callable

import pytest
from sqlalchemy import select
from sqlalchemy.exc import OperationalError

from shared.db import Database, database_time
from shared.errors import LeaseLost
from shared.jobs.models import Job
from shared.jobs.services import cancel, expire, pause
from shared.settings import Settings
from tests.support.factories import claim_job, make_training_job, reload
from tests.support.nodes import make_node
from worker.heartbeat import Heartbeat


def eventually(true: Callable[[], bool], seconds: float = 5) -> bool:
    """Wait until ``true`` is, and tell whether it came to be."""
    deadline = time.monotonic() + seconds
    while not true() and time.monotonic() < deadline:
        time.sleep(0.02)
    return true()


@pytest.fixture
def quick(settings: Settings) -> Settings:
    """Settings with a heartbeat that a test can wait for."""
    return settings.model_copy(update={"lease_seconds": 1.0, "renew_seconds": 0.1})


def lease_left(db: Database, job_id: str) -> float:
    """Return for how many seconds the lease still runs."""
    with db.read() as session:
        left = select(Job.lease_until - database_time()).where(Job.id == job_id)
        return float(session.scalars(left).one() or 0)


def test_a_lease_outlives_its_first_term(db: Database, quick: Settings) -> None:
    """A job that computes for longer than a lease keeps it."""
    lease = claim_job(db, make_training_job(db), seconds=1)
    with Heartbeat(make_node(db, quick), lease):
        time.sleep(1.5)
        assert lease_left(db, lease.job_id) > 0.5


def test_renewals_end_with_the_block(db: Database, quick: Settings) -> None:
    """After its block no thread renews any more."""
    lease = claim_job(db, make_training_job(db), seconds=1)
    with Heartbeat(make_node(db, quick), lease):
        pass
    before = reload(db, lease).lease_until
    time.sleep(0.3)
    assert reload(db, lease).lease_until == before


def test_hears_a_request(db: Database, quick: Settings) -> None:
    """What the owner asks for reaches the run at the next renewal."""
    lease = claim_job(db, make_training_job(db))
    with Heartbeat(make_node(db, quick), lease) as heartbeat:
        assert not heartbeat.should_stop()
        with db.write() as session:
            pause(session, lease.job_id)
        assert eventually(heartbeat.should_stop)
        assert heartbeat.requested == "pause"


def test_hears_that_the_worker_stops(db: Database, quick: Settings) -> None:
    """A worker that was told to stop stops its run."""
    node = make_node(db, quick)
    with Heartbeat(node, claim_job(db, make_training_job(db))) as heartbeat:
        node.stop.raise_()
        assert heartbeat.should_stop()


def test_a_lost_lease_stops_the_run(db: Database, quick: Settings) -> None:
    """Once the job is another's, the run learns it within a heartbeat."""
    lease = claim_job(db, make_training_job(db), seconds=-1)
    with db.write() as session:
        expire(session)
    with Heartbeat(make_node(db, quick), lease) as heartbeat:
        time.sleep(0.5)
        with pytest.raises(LeaseLost):
            heartbeat.progressed()


def test_a_hung_run_loses_its_lease_and_its_process(db: Database, quick: Settings) -> None:
    """Without progress for stall_seconds the process is given up, and its lease runs out."""
    lease, given_up = claim_job(db, make_training_job(db), seconds=1), threading.Event()
    hasty = quick.model_copy(update={"stall_seconds": 0.3})
    with Heartbeat(make_node(db, hasty, give_up=given_up.set), lease):
        assert eventually(given_up.is_set)
        assert eventually(lambda: lease_left(db, lease.job_id) < 0)


def test_waiting_for_the_database_is_no_hang(
    db: Database, quick: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While no renewal can be written, silence does not count."""

    def away(*_: object) -> None:
        raise OperationalError("UPDATE", {}, Exception("the database is away"))

    monkeypatch.setattr("worker.heartbeat.renew", away)
    lease, given_up = claim_job(db, make_training_job(db)), threading.Event()
    hasty = quick.model_copy(update={"stall_seconds": 0.3})
    with Heartbeat(make_node(db, hasty, give_up=given_up.set), lease):
        time.sleep(0.8)
    assert not given_up.is_set()


def test_a_cancelled_job_keeps_its_lease_until_it_stops(db: Database, quick: Settings) -> None:
    """A request alone takes nothing away: the worker still has its state to save."""
    lease = claim_job(db, make_training_job(db))
    with Heartbeat(make_node(db, quick), lease):
        with db.write() as session:
            cancel(session, lease.job_id)
        time.sleep(0.3)
        assert reload(db, lease).status == "running"
