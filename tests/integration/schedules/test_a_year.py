"""A year of schedules: two beats at once, beats that die, clocks that change in two zones."""

import random
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from shared.db import Database
from shared.schedules import firing
from shared.schedules.firing import MADE_UP, STILL_OPEN, fire_due
from shared.schedules.models import RunStatus, ScheduleRun
from tests.integration.schedules.calendar import finish, make_schedule, runs_of

START = datetime(2026, 1, 1, tzinfo=UTC)
END = datetime(2027, 1, 1, tzinfo=UTC)
ZONES = ("America/New_York", "Europe/Berlin")
# The days on which a clock shows no half past two: the gap's end is what counts then.
GAPS = {"America/New_York": date(2026, 3, 8), "Europe/Berlin": date(2026, 3, 29)}


class Killed(Exception):
    """A beat's end in the middle of its work."""


def hours() -> list[datetime]:
    """Return every hour of the year: both zones are whole hours from UTC."""
    count = int((END - START) / timedelta(hours=1))
    return [START + timedelta(hours=number) for number in range(1, count + 1)]


def nights(zone: str) -> list[datetime]:
    """Return half past two of every local day, once: its first turn, or the end of the gap."""
    found = []
    day = START.date() - timedelta(days=1)
    while day <= END.date():
        hour, minute = (3, 0) if day == GAPS[zone] else (2, 30)
        local = datetime(day.year, day.month, day.day, hour, minute, tzinfo=ZoneInfo(zone), fold=0)
        found.append(local.astimezone(UTC))
        day += timedelta(days=1)
    return [time for time in found if START < time <= END]


def ticks(rng: random.Random) -> list[datetime]:
    """Return when beats tick: mostly every nine hours or so, with outages of up to three days."""
    found, at = [], START
    while at < END:
        outage = rng.random() < 0.02
        at += timedelta(minutes=rng.uniform(1200, 4320) if outage else rng.uniform(40, 1000))
        found.append(at)
    return [*found[:-1], END]


def tick(db: Database, now: datetime) -> None:
    """Do what a beat does, unless it is killed on the way."""
    try:
        fire_due(db, now)
    except Killed:
        return


@pytest.fixture
def deaths(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Let one beat in twenty die between moving a schedule on and recording its runs."""
    rng, died = random.Random(2), [0]
    record = firing._unrecorded

    def dying(*args: object) -> list[datetime]:
        if rng.random() < 0.05:
            died[0] += 1
            raise Killed
        return record(*args)  # type: ignore[arg-type]

    monkeypatch.setattr(firing, "_unrecorded", dying)
    return died


# Nine thousand times: what each does is asked of both databases in the tests of firing.
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_each_time_of_a_year_is_fired_once_or_skipped_with_its_reason(
    db: Database, deaths: list[int]
) -> None:
    hourly = {zone: make_schedule(db, "0 * * * *", zone, START) for zone in ZONES}
    nightly = {zone: make_schedule(db, "30 2 * * *", zone, START) for zone in ZONES}
    schedules = [*hourly.values(), *nightly.values()]
    rng = random.Random(1)
    with ThreadPoolExecutor(2) as beats:
        for now in ticks(rng):
            list(beats.map(lambda at: tick(db, at), [now, now]))
            finish(db, [schedule_id for schedule_id in schedules if rng.random() < 0.8])
    # The last tick may have died: the next ones make up for it.
    for _ in range(20):
        tick(db, END)
    for zone in ZONES:
        assert [run.due_at for run in runs_of(db, hourly[zone])] == hours()
        assert [run.due_at for run in runs_of(db, nightly[zone])] == nights(zone)
    assert deaths[0] > 20
    for schedule_id in schedules:
        _each_is_told(runs_of(db, schedule_id))
    reasons = {run.reason for zone in ZONES for run in runs_of(db, hourly[zone])}
    assert reasons == {"", "judged", MADE_UP, STILL_OPEN}


def _each_is_told(runs: list[ScheduleRun]) -> None:
    """A run was fired or has a reason, and enough of them were fired to speak of a schedule."""
    fired = [run for run in runs if run.status in (RunStatus.SUCCEEDED, RunStatus.DUE)]
    skipped = [run for run in runs if run.status == RunStatus.SKIPPED and run.reason]
    assert len(fired) + len(skipped) == len(runs)
    assert len(fired) > len(runs) / 16
