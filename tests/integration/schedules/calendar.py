"""A schedule for tests, and a clock that they move."""

from datetime import datetime
from typing import Any

from sqlalchemy import select, update

from shared.accounts.models import DEFAULT_TEAM_ID
from shared.db import Database
from shared.ids import new_id
from shared.models.services import ensure_model
from shared.schedules.models import RunStatus, Schedule, ScheduleRun
from shared.schedules.timing import Timing
from tests.support.factories import do, make_corpus

DEFAULTS: dict[str, Any] = {
    "start_from": "promoted",
    "overlap": "skip",
    "missed": "newest",
    "enabled": True,
    "training": {"preset": "tiny"},
    "generation": None,
    "url": None,
    "cleaning": {},
    "validators": None,
}


def make_schedule(db: Database, cron: str, zone: str, start: datetime, **values: Any) -> str:
    """Add a schedule that is due from ``start`` on; return its id."""
    corpus = make_corpus(db)
    timing = Timing.of(cron, zone)
    with db.write() as session:
        model = ensure_model(session, DEFAULT_TEAM_ID, new_id())
        schedule = Schedule(
            id=new_id(),
            team_id=DEFAULT_TEAM_ID,
            name=f"{cron} {zone}",
            cron=timing.cron,
            time_zone=zone,
            next_due_at=timing.first(start),
            corpus_id=corpus.id,
            model_id=model.id,
            created_at=start,
            **DEFAULTS | values,
        )
        session.add(schedule)
    return schedule.id


def runs_of(db: Database, schedule_id: str) -> list[ScheduleRun]:
    """Return a schedule's runs in the order of their times."""
    query = select(ScheduleRun).where(ScheduleRun.schedule_id == schedule_id)
    with db.read() as session:
        return list(session.scalars(query.order_by(ScheduleRun.due_at)))


def finish(db: Database, schedule_ids: list[str]) -> None:
    """End the runs that are due, as a worker would have done by now."""
    due = update(ScheduleRun).where(
        ScheduleRun.schedule_id.in_(schedule_ids), ScheduleRun.status == RunStatus.DUE
    )
    do(db, lambda session: session.execute(due.values(status=RunStatus.SUCCEEDED, reason="judged")))
