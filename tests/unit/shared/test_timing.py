"""Cron lines in time zones: what is due when, also where clocks change."""

from bisect import bisect_right
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.errors import InvalidFields
from shared.schedules.timing import Timing, zones

NEW_YORK, BERLIN, LORD_HOWE = "America/New_York", "Europe/Berlin", "Australia/Lord_Howe"
# Where clocks go on by an hour, back by an hour, and back by half an hour.
SPRING = datetime(2026, 3, 8, 4, 30, tzinfo=UTC)
AUTUMN = datetime(2026, 11, 1, 4, 30, tzinfo=UTC)
HALF_AN_HOUR = datetime(2026, 4, 4, 10, tzinfo=UTC)


def shown(cron: str, zone: str, after: datetime, count: int) -> list[str]:
    """Return the next times as a clock on the wall shows them."""
    times = Timing.of(cron, zone).preview(after, count)
    return [f"{time.astimezone(ZoneInfo(zone)):%d. %H:%M %Z}" for time in times]


@pytest.mark.parametrize(
    ("cron", "zone", "after", "expected"),
    [
        # A time that is skipped fires right after the gap, once.
        ("30 2 * * *", NEW_YORK, SPRING, ["08. 03:00 EDT", "09. 02:30 EDT"]),
        ("0 1,2,3 * * *", NEW_YORK, SPRING, ["08. 01:00 EST", "08. 03:00 EDT", "09. 01:00 EDT"]),
        # One that comes twice fires at its first turn.
        ("30 1 * * *", NEW_YORK, AUTUMN, ["01. 01:30 EDT", "02. 01:30 EST"]),
        # A wildcard's fires whenever a clock shows it.
        ("0 * * * *", NEW_YORK, AUTUMN, ["01. 01:00 EDT", "01. 01:00 EST", "01. 02:00 EST"]),
        ("*/30 1 * * *", NEW_YORK, AUTUMN,
         ["01. 01:00 EDT", "01. 01:30 EDT", "01. 01:00 EST", "01. 01:30 EST"]),
        ("0 */3 * * *", LORD_HOWE, HALF_AN_HOUR, ["05. 00:00 +11", "05. 03:00 +1030"]),
        ("5 1-3 * * *", LORD_HOWE, HALF_AN_HOUR, ["05. 01:05 +11", "05. 02:05 +1030"]),
    ],
)  # fmt: skip
def test_where_clocks_change(cron: str, zone: str, after: datetime, expected: list[str]) -> None:
    assert shown(cron, zone, after, len(expected)) == expected


CRONS = ("0 * * * *", "30 1 * * *", "30 2 * * *", "*/15 * * * *", "0 */3 * * *", "45 1,2 * * *")
YEAR = (datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 12, 31, tzinfo=UTC))


@given(
    cron=st.sampled_from(CRONS),
    zone=st.sampled_from([NEW_YORK, BERLIN, LORD_HOWE]),
    near=st.sampled_from([SPRING, AUTUMN, HALF_AN_HOUR, datetime(2026, 3, 29, tzinfo=UTC)]),
    minutes=st.integers(-600, 600),
    seconds=st.sampled_from([0, 1, 59]),
)
@settings(max_examples=400, deadline=None)
def test_the_next_time_is_that_of_the_sequence(
    cron: str, zone: str, near: datetime, minutes: int, seconds: int
) -> None:
    """Wherever one begins to count, the same times are due: so a restart changes none."""
    timing = Timing.of(cron, zone)
    begin = near - timedelta(days=2)
    times = timing.between(timing.first(begin), begin + timedelta(days=4), 10_000)
    moment = near + timedelta(minutes=minutes, seconds=seconds)
    place = bisect_right(times, moment)
    assert timing.first(moment) == times[place]
    assert times == sorted(set(times))


@pytest.mark.parametrize(
    ("cron", "line"),
    [("nightly", "0 3 * * *"), (" Hourly ", "0 * * * *"), ("weekly", "0 3 * * 1"),
     ("  */5\t1-3 * *  mon ", "*/5 1-3 * * mon")],
)  # fmt: skip
def test_plain_choices_and_blanks(cron: str, line: str) -> None:
    assert Timing.of(cron, "UTC").cron == line


@pytest.mark.parametrize(
    "cron",
    ["", "x", "* * * *", "* * * * * *", "@daily", "0 25 * * *", "60 * * * *", "0 0 30 2 *",
     "0 0 * * 1 " * 30, "* * * * *; rm"],
)  # fmt: skip
def test_a_line_that_is_none(cron: str) -> None:
    with pytest.raises(InvalidFields) as refused:
        Timing.of(cron, "UTC")
    (problem,) = refused.value.problems
    assert problem.field == "cron"


@pytest.mark.parametrize("zone", ["", "Mars/Olympus", "../../etc/passwd", "europe/berlin"])
def test_a_zone_that_is_none(zone: str) -> None:
    with pytest.raises(InvalidFields) as refused:
        Timing.of("nightly", zone)
    assert refused.value.problems[0].field == "time_zone"
    assert {"UTC", BERLIN} <= zones()
