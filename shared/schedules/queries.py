"""Reading schedules and their history."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from shared.errors import NotFound
from shared.ids import is_id
from shared.pages import DEFAULT_LIMIT, Page, page
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
        raise NotFound(f"no schedule has the id {schedule_id}")
    return schedule


def list_schedules(
    session: Session, team_id: str, *, after: str | None = None, limit: int = DEFAULT_LIMIT
) -> Page[Schedule]:
    """Return the team's schedules, newest first."""
    query = select(Schedule).where(Schedule.team_id == team_id)
    return page(session, query, Schedule.id, after=after, limit=limit, newest_first=True)


def list_runs(
    session: Session, schedule_id: str, *, after: str | None = None, limit: int = DEFAULT_LIMIT
) -> Page[ScheduleRun]:
    """Return a schedule's history, newest first."""
    query = select(ScheduleRun).where(ScheduleRun.schedule_id == schedule_id)
    return page(session, query, ScheduleRun.id, after=after, limit=limit, newest_first=True)
