"""Times that nobody kept, clocks that jump, and runs that several processes want."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import update

from shared.db import Database, database_time
from shared.schedules.firing import LATE, MADE_UP, MISSED, fire_due
from shared.schedules.models import RunStatus, Schedule, ScheduleRun
from shared.schedules.running import claim_run
from tests.integration.schedules.calendar import finish, make_schedule, runs_of
from tests.support.factories import do

START = datetime(2026, 6, 1, 0, 30, tzinfo=UTC)
HOUR = timedelta(hours=1)


def at(hours: float) -> datetime:
    """Return a time so many hours after midnight."""
    return START - timedelta(minutes=30) + hours * HOUR


def story(db: Database, schedule: str) -> list[tuple[int, str, str]]:
    """Return each run: its hour, how it stands, and why."""
    return [(run.due_at.hour, run.status, run.reason) for run in runs_of(db, schedule)]


@pytest.fixture
def hourly(db: Database) -> str:
    return make_schedule(db, "hourly", "UTC", START)


def test_an_outage_is_made_up_for_once(db: Database, hourly: str) -> None:
    fire_due(db, at(5.5))
    skipped = [(hour, RunStatus.SKIPPED, MADE_UP) for hour in range(1, 5)]
    assert story(db, hourly) == [*skipped, (5, RunStatus.DUE, "")]


@pytest.mark.parametrize("late", [LATE - timedelta(seconds=1), LATE + timedelta(seconds=1)])
def test_or_not_at_all(db: Database, late: timedelta) -> None:
    """With ``missed`` none only what is due about now is fired."""
    schedule = make_schedule(db, "hourly", "UTC", START, missed="none")
    fire_due(db, at(3) + late)
    last = (3, RunStatus.DUE, "") if late < LATE else (3, RunStatus.SKIPPED, MISSED)
    skipped = [(hour, RunStatus.SKIPPED, MISSED) for hour in (1, 2)]
    assert story(db, schedule) == [*skipped, last]


def test_a_long_outage_is_passed_in_pieces(db: Database, hourly: str) -> None:
    """A transaction passes a few hundred times at most; the newest of all is fired."""
    passed = fire_due(db, at(24 * 60))
    runs = runs_of(db, hourly)
    assert passed == len(runs) == 24 * 60
    assert [run.status for run in runs].count(RunStatus.DUE) == 1
    assert runs[-1].status == RunStatus.DUE


def test_a_clock_that_was_ahead(db: Database, hourly: str) -> None:
    """What was skipped while it was comes again in its time; what was fired does not."""
    fire_due(db, at(10.1))
    finish(db, [hourly])
    fire_due(db, at(3.1))
    assert story(db, hourly)[-1] == (10, RunStatus.SUCCEEDED, "judged")
    for hour in range(4, 13):
        fire_due(db, at(hour + 0.01))
        finish(db, [hourly])
    hours = [(hour, status) for hour, status, _ in story(db, hourly)]
    assert hours[3:] == [(hour, RunStatus.SUCCEEDED) for hour in range(4, 13)]
    assert len(hours) == 12


def test_a_disabled_schedule_is_never_due(db: Database) -> None:
    schedule = make_schedule(db, "hourly", "UTC", START, enabled=False)
    assert fire_due(db, at(9)) == 0
    assert runs_of(db, schedule) == []


def test_a_deleted_schedules_times_are_nobodys(db: Database, hourly: str) -> None:
    """Also where it goes while a tick is at work."""
    with db.read() as session:
        row = session.get_one(Schedule, hourly)
    do(db, lambda session: session.delete(session.get_one(Schedule, row.id)))
    assert fire_due(db, at(9)) == 0


def test_a_run_is_looked_at_by_one(db: Database) -> None:
    """However many processes ask at once; again only when its claim has run out."""
    schedules = [make_schedule(db, "hourly", "UTC", START) for _ in range(6)]
    fire_due(db, at(1.01))
    with ThreadPoolExecutor(4) as threads:
        claims = list(threads.map(lambda _: do(db, claim_run), range(12)))
    found = [claim.id for claim in claims if claim]
    assert sorted(found) == sorted(run.id for one in schedules for run in runs_of(db, one))
    gone = update(ScheduleRun).where(ScheduleRun.id == found[0])
    do(db, lambda session: session.execute(gone.values(claimed_until=database_time() - 1)))
    again = do(db, claim_run)
    assert again is not None
    assert again.id == found[0]
    assert do(db, claim_run) is None
