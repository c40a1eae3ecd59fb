"""Schedules: add, list, change, delete, run now, and their history."""

from typing import Any

from apiflask import APIBlueprint
from flask import url_for
from pydantic import ConfigDict, Field
from sqlalchemy.orm import Session

from shared.db import database_now
from shared.fields import Name, Reference
from shared.models.models import NamedModel
from shared.notices.queries import told_of
from shared.pages import Page
from shared.schedules import models, services
from shared.schedules.queries import get_schedule, list_runs, list_schedules
from shared.schedules.requests import ScheduleRequest
from web import context
from web.api.faults import refuses
from web.api.inputs import PageQuery, takes, validated, without_defaults
from web.api.retraining import RunPage, Schedule, SchedulePage, ScheduleRun
from web.api.writing import write
from web.makers import look_up

schedules = APIBlueprint("schedules", __name__, url_prefix="/api/v1/schedules", tag="Schedules")


class ScheduleChange(ScheduleRequest):
    """What is to be another; what is left out stays."""

    model_config = ConfigDict(json_schema_extra=without_defaults)

    name: Name = Field("", description="What the schedule is called.")
    cron: str = Field("", description="When it is due, as at its making.")
    corpus_id: Reference = Field("", description="The corpus whose newest version is trained on.")
    model: Name = Field("", description="The name of the model that runs are candidates for.")


@schedules.post("")
@takes(schedules, ScheduleRequest)
@schedules.output(Schedule, 201)
@schedules.doc(extensions=refuses("corpus_too_short"))
def add(body: ScheduleRequest) -> tuple[Schedule, int, dict[str, str]]:
    """Add a schedule.

    At its times it looks at the text, trains where that changed, and promotes what is better.
    `cron` has five fields, or is one of hourly, nightly and weekly, and is read in `time_zone`.
    """

    def work(session: Session) -> Schedule:
        now = database_now(session)
        return _told(
            session, services.add_schedule(session, context.team_id(), body, now, context.user_id())
        )

    made = write(work)
    return made, 201, {"Location": url_for("schedules.show", schedule_id=made.id)}


@schedules.get("")
@takes(schedules, PageQuery, "query")
@schedules.output(SchedulePage)
def index(query: PageQuery) -> SchedulePage:
    """List the schedules, newest first.

    Each with its next five times.
    """
    with context.services().db.read() as session:
        rows = list_schedules(session, context.team_id(), after=query.after, limit=query.limit)
        look_up(rows.data)
        data = [_told(session, row) for row in rows.data]
        return SchedulePage(data=data, has_more=rows.has_more)


@schedules.get("/<schedule_id>")
@schedules.output(Schedule)
def show(schedule_id: str) -> Schedule:
    """Show a schedule with its next five times.

    Times are UTC; there are none while it is disabled.
    """
    with context.services().db.read() as session:
        return _told(session, get_schedule(session, context.team_id(), schedule_id))


@schedules.patch("/<schedule_id>")
@takes(schedules, ScheduleChange)
@schedules.output(Schedule)
@schedules.doc(extensions=refuses("corpus_too_short"))
def change(schedule_id: str, body: ScheduleChange) -> Schedule:
    """Change a schedule; what is left out stays as it is.

    The whole is checked as at its making. Runs that go on are not changed.
    """

    def work(session: Session) -> Schedule:
        row = get_schedule(session, context.team_id(), schedule_id, lock=True)
        given = body.model_dump(include=body.model_fields_set, exclude_unset=True)
        request = validated(ScheduleRequest, request_of(session, row) | given)
        return _told(
            session, services.change_schedule(session, row, request, database_now(session))
        )

    return write(work)


@schedules.delete("/<schedule_id>")
@schedules.doc(responses={204: "Deleted"})
def delete(schedule_id: str) -> tuple[str, int]:
    """Delete a schedule and its history; its jobs and its model stay.

    Runs that go on are no longer judged.
    """
    write(lambda session: services.delete_schedule(session, context.team_id(), schedule_id))
    return "", 204


@schedules.post("/<schedule_id>/run")
@schedules.output(ScheduleRun, 202)
@schedules.doc(extensions={"x-location": False})
def run(schedule_id: str) -> tuple[ScheduleRun, int]:
    """Run a schedule now, besides its times; `overlap` holds for this run, too.

    The answer is the run; what becomes of it stands among the runs.
    """

    def work(session: Session) -> ScheduleRun:
        now = database_now(session)
        made = services.run_now(session, context.team_id(), schedule_id, now)
        session.flush()
        return ScheduleRun.model_validate(made)

    return write(work), 202


@schedules.get("/<schedule_id>/runs")
@takes(schedules, PageQuery, "query")
@schedules.output(RunPage)
def runs(schedule_id: str, query: PageQuery) -> RunPage:
    """List what became of each time of a schedule, oldest first.

    Also of those at which it had nothing to do: `skipped`, with the reason.
    """
    with context.services().db.read() as session:
        get_schedule(session, context.team_id(), schedule_id)
        found: Page[models.ScheduleRun] = list_runs(
            session, schedule_id, after=query.after, limit=query.limit
        )
        return RunPage.model_validate(found)


def _told(session: Session, row: models.Schedule) -> Schedule:
    name = session.get_one(NamedModel, row.model_id).name
    return Schedule.of(row, name, told_of(session, row.id), database_now(session))


def request_of(session: Session, row: models.Schedule) -> dict[str, Any]:
    """Return the request that a schedule could have been made from as it is now."""
    own = {name: getattr(row, name, None) for name in ScheduleRequest.model_fields}
    model = session.get_one(NamedModel, row.model_id).name
    return own | row.cleaning | {"model": model, "notify": told_of(session, row.id)}
