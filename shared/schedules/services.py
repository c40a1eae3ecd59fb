"""Schedules: add, change, run now, delete."""

from datetime import datetime
from typing import Any

from sqlalchemy import delete
from sqlalchemy.orm import Session

from shared.corpora.models import Corpus
from shared.corpora.queries import get_corpus
from shared.db import now
from shared.errors import InvalidFields, NotFound
from shared.ids import new_id
from shared.jobs.submissions import check_length
from shared.models.services import ensure_model
from shared.notices.services import check_receivers, tell_schedule
from shared.said import said
from shared.schedules.firing import place
from shared.schedules.models import Schedule, ScheduleRun
from shared.schedules.queries import get_schedule
from shared.schedules.requests import ScheduleRequest
from shared.schedules.timing import Timing


def add_schedule(
    session: Session,
    team_id: str,
    request: ScheduleRequest,
    moment: datetime,
    user_id: str | None = None,
) -> Schedule:
    """Add a schedule that is due from ``moment`` on. Raises ``InvalidFields``."""
    schedule = Schedule(id=new_id(), team_id=team_id, created_at=now(), validators=None)
    schedule.user_id = user_id
    session.add(_filled(session, schedule, request, moment))
    session.flush()
    tell_schedule(session, schedule.id, request.notify)
    return schedule


def change_schedule(
    session: Session, schedule: Schedule, request: ScheduleRequest, moment: datetime
) -> Schedule:
    """Make a schedule what is asked; from ``moment`` on it is due as its line says.

    Times before ``moment`` that were not fired yet are passed over. Raises ``InvalidFields``.
    """
    if (request.url, request.corpus_id) != (schedule.url, schedule.corpus_id):
        schedule.validators = None
    _filled(session, schedule, request, moment)
    tell_schedule(session, schedule.id, request.notify)
    return schedule


def run_now(session: Session, team_id: str, schedule_id: str, moment: datetime) -> ScheduleRun:
    """Have a schedule run besides its times, as ``overlap`` says. Raises ``NotFound``."""
    schedule = get_schedule(session, team_id, schedule_id, lock=True)
    return place(session, schedule, moment, by_hand=True)


def delete_schedule(session: Session, team_id: str, schedule_id: str) -> None:
    """Delete a schedule and its history; its jobs and its model stay. Raises ``NotFound``."""
    schedule = get_schedule(session, team_id, schedule_id, lock=True)
    session.execute(delete(Schedule).where(Schedule.id == schedule.id))


def _filled(
    session: Session, schedule: Schedule, request: ScheduleRequest, moment: datetime
) -> Schedule:
    timing = Timing.of(request.cron, request.time_zone)
    corpus = _corpus(session, schedule.team_id, request.corpus_id)
    check_length(request.training.spec(), corpus.latest_version)
    check_receivers(session, schedule.team_id, request.notify)
    values: dict[str, Any] = {
        "name": request.name,
        "enabled": request.enabled,
        "cron": timing.cron,
        "time_zone": timing.zone,
        "next_due_at": timing.first(moment),
        "corpus_id": corpus.id,
        "url": request.url,
        "cleaning": request.cleaning(),
        "model_id": ensure_model(session, schedule.team_id, request.model).id,
        "training": request.training.given(),
        "start_from": request.start_from,
        "generation": request.generation and request.generation.stored(),
        "overlap": request.overlap,
        "missed": request.missed,
    }
    for name, value in values.items():
        setattr(schedule, name, value)
    return schedule


def _corpus(session: Session, team_id: str, corpus_id: str) -> Corpus:
    try:
        return get_corpus(session, team_id, corpus_id)
    except NotFound as error:
        raise InvalidFields.one(
            "corpus_id", error.args[0], corpus_id, said("the id of a corpus")
        ) from error
