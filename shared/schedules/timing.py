"""When a schedule is due: cron lines, read in a time zone.

Lines mean what they mean to Debian's cron, also where clocks change: a line that names minutes and
hours fires once for a time that is skipped, right after the gap, and once for a time that comes
twice; a line whose minutes or hours begin with ``*`` fires whenever a clock on the wall shows it.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from itertools import islice
from zoneinfo import ZoneInfo, available_timezones

from cronsim import CronSim, CronSimError

from shared.errors import InvalidFields
from shared.said import said

CHOICES = {"hourly": "0 * * * *", "nightly": "0 3 * * *", "weekly": "0 3 * * 1"}
FIELDS = 5
MOST_LINE = 100
ACCEPTED = said(
    "five fields (minute, hour, day of the month, month, day of the week), or one of: {values}",
    values=", ".join(CHOICES),
)


class _Line(CronSim):
    """A line that keeps to whole hours where clocks change by half of one, as on Lord Howe Island.

    CronSim 2.7 goes on by 3,600 seconds from the hour before, and so past the hour that it looks
    for: which times were due depended on where one began to count.
    """

    def tick(self, seconds: int = 1) -> None:
        """Go on; where that was to be an hour, to the next one that begins on the wall."""
        before = self.dt
        super().tick(seconds)
        if seconds != 3600 or before.tzinfo is None:
            return
        begin = self.dt.replace(minute=0)
        if begin.minute != self.dt.minute and _is_shown_after(begin, before):
            self.dt = begin


def _is_shown_after(time: datetime, before: datetime) -> bool:
    """Tell whether a clock on the wall shows ``time``, and later than ``before``."""
    moment = time.astimezone(UTC)
    shown = moment.astimezone(time.tzinfo)
    return shown.replace(fold=0) == time.replace(fold=0) and moment > before.astimezone(UTC)


@dataclass(frozen=True)
class Timing:
    """A cron line and the time zone in which it is read."""

    cron: str
    zone: str

    @classmethod
    def of(cls, cron: str, zone: str) -> "Timing":
        """Return a timing that is due some day. Raises ``InvalidFields`` naming the field."""
        line = CHOICES.get(cron.strip().lower(), " ".join(cron.split()))
        if zone not in zones():
            accepted = said("a name of the IANA time zone database, as Europe/Berlin or UTC")
            raise InvalidFields.one("time_zone", said("no such time zone"), zone, accepted)
        if len(line) > MOST_LINE or len(line.split()) != FIELDS:
            message = said("not a cron line of five fields")
            raise InvalidFields.one("cron", message, cron, ACCEPTED)
        timing = cls(line, zone)
        try:
            next(timing.after(datetime.now(UTC)))
        except CronSimError as error:
            raise InvalidFields.one("cron", str(error), cron, ACCEPTED) from error
        except StopIteration:
            accepted = said("a line that is due")
            raise InvalidFields.one("cron", said("never due"), cron, accepted) from None
        return timing

    def after(self, moment: datetime) -> Iterator[datetime]:
        """Yield the times, in UTC, at which the line is due after ``moment``, for ever."""
        last = moment
        for due in _Line(self.cron, moment.astimezone(ZoneInfo(self.zone))):
            # An hour that comes twice is entered at its first turn, though the second has begun.
            if (time := due.astimezone(UTC)) > last:
                last = time
                yield time

    def first(self, moment: datetime) -> datetime:
        """Return the first time after ``moment``."""
        return next(self.after(moment))

    def preview(self, moment: datetime, count: int = 5) -> list[datetime]:
        """Return the next ``count`` times after ``moment``."""
        return list(islice(self.after(moment), count))

    def between(self, first: datetime, last: datetime, most: int) -> list[datetime]:
        """Return ``first``, which is due, and what follows up to ``last``: ``most`` of them."""
        times = [first]
        for due in self.after(first):
            if due > last or len(times) == most:
                break
            times.append(due)
        return times


@cache
def zones() -> frozenset[str]:
    """Return the names of all time zones."""
    return frozenset(available_timezones())
