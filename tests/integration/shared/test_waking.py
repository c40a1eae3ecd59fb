"""Wakes over a real Redis: told after the commit, heard at once, lost without harm."""

import time

from shared.db import Database
from shared.jobs.services import pause, report_progress
from shared.waking import Doorbell, FakeWakes, RedisWakes
from tests.conftest import NO_BROKER
from tests.support.factories import claim_job, do, make_training_job
from tests.support.servers import running_redis


def heard(bell: Doorbell, seconds: float = 5) -> set[str]:
    """Return the first jobs that are heard of."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if found := bell.wait(0.2):
            return found
    return set()


def test_a_wake_is_heard(redis_url: str) -> None:
    """By whoever listens already."""
    bell = Doorbell(redis_url)
    assert bell.wait(0.1) is None, "at first any job may have news"
    RedisWakes(redis_url).wake("a job")
    assert heard(bell) == {"a job"}
    assert bell.wait(0.05) == set()
    bell.close()


def test_events_and_progress_wake_after_the_commit(db: Database) -> None:
    """Once a transaction, however much happened in it; never where it is rolled back."""
    wakes = db.wakes = FakeWakes()
    job = make_training_job(db)
    lease = claim_job(db, job)
    assert wakes.told == [job.id, job.id]
    do(db, lambda s: report_progress(s, lease, {"epoch": 1}))
    assert wakes.told == [job.id] * 3
    with db._sessions() as session:
        pause(session, job.id)
    assert wakes.told == [job.id] * 3


def test_nobody_waits_for_a_redis_that_is_away() -> None:
    """Telling returns at once; listening looks by itself, more often."""
    wakes, begun = RedisWakes(NO_BROKER), time.monotonic()
    for number in range(100):
        wakes.wake(f"job {number}")
    assert time.monotonic() - begun < 1
    assert Doorbell(NO_BROKER).wait(0.1) is None


def test_a_redis_that_comes_back_is_heard_again(monkeypatch) -> None:  # type: ignore[no-untyped-def]
    """Until then any job may have news."""
    monkeypatch.setattr("shared.waking.AGAIN_SECONDS", 0.0)
    with running_redis() as url:
        bell = Doorbell(url)
        bell.wait(0.1)
    assert bell.wait(0.1) is None
    assert bell.wait(0.1) is None
    bell.close()
