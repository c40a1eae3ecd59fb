"""Reading schedules and their history."""

from collections.abc import Sequence

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from shared.errors import NotFound
from shared.ids import is_id
from shared.pages import DEFAULT_LIMIT, Page, page
from shared.said import said
from shared.schedules.models import Schedule, ScheduleRun


def get_schedule(
    session: Session, team_id: str, schedule_id: str, *, lock: bool = False
) -> Schedule:
    """Return the team's schedule, its row locked where asked. Raises ``NotFound``."""
    schedule = None
    if is_id(schedule_id):
        schedule = session.get(
            Schedule, schedule_id, with_for_update=lock or None, populate_existing=True
        )
    if schedule is None or schedule.team_id != team_id:
        raise NotFound(said("no schedule has the id {id}", id=schedule_id))
    return schedule


def list_schedules(
    session: Session, team_id: str, *, after: str | None = None, limit: int = DEFAULT_LIMIT
) -> Page[Schedule]:
    """Return the team's schedules, newest first."""
    query = select(Schedule).where(Schedule.team_id == team_id)
    return page(session, query, Schedule.id, after=after, limit=limit, newest_first=True)


def list_runs(
    session: Session,
    schedule_id: str,
    *,
    after: str | None = None,
    limit: int = DEFAULT_LIMIT,
    newest_first: bool = False,
) -> Page[ScheduleRun]:
    """Return a schedule's history, oldest first unless asked otherwise."""
    query = select(ScheduleRun).where(ScheduleRun.schedule_id == schedule_id)
    key = ScheduleRun.id
    return page(session, query, key, after=after, limit=limit, newest_first=newest_first)


def last_runs(session: Session, schedule_ids: Sequence[str]) -> dict[str, ScheduleRun]:
    """Return the newest run of each schedule that has one, by the schedule's id."""
    mine = ScheduleRun.schedule_id
    place = func.row_number().over(partition_by=mine, order_by=ScheduleRun.id.desc())
    ranked = select(ScheduleRun.id, place.label("place")).where(mine.in_(schedule_ids)).subquery()
    newest = select(ranked.c.id).where(ranked.c.place == 1)
    rows = session.scalars(select(ScheduleRun).where(ScheduleRun.id.in_(newest)))
    return {row.schedule_id: row for row in rows}
