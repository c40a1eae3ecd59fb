"""Schedules: the list, the form, one with its history, and its moves."""

from typing import Any

from apiflask import APIBlueprint
from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from shared.db import database_now
from shared.jobs.requests import TrainingPlan
from shared.models.models import NamedModel
from shared.models.queries import list_models
from shared.pages import MAX_LIMIT
from shared.schedules import services as moves
from shared.schedules.models import RunStatus, Schedule
from shared.schedules.queries import get_schedule, last_runs, list_runs, list_schedules
from shared.schedules.requests import ScheduleRequest
from shared.schedules.timing import CHOICES, zones
from shared.specs import GenerationSpec
from web.api.schedules import request_of
from web.api.writing import write
from web.context import services, team_id, user_id
from web.messages import _, _l
from web.pages import reading
from web.pages.forms import YES, Form, attempt, typed_values, validated
from web.pages.groups import NODE, main_fields, node_group, spec_groups
from web.pages.paging import asked_after
from web.pages.presets import preset_cards, preset_numbers, preset_of
from web.pages.submitting import corpus_choice
from web.pages.typed import typed_of
from web.pages.words import Words
from web.recalled import translated

schedules = APIBlueprint("schedules", __name__, url_prefix="/schedules", enable_openapi=False)

PAGE = 50
TRAINING, WRITING = "training.", "generation."
FIRST = ("name", "corpus_id", "url", "cron", "time_zone", "model", "start_from", "training.preset")
LAST = ("overlap", "missed", "notify")
# What the fields that have few values say of each.
STARTS: Words = {
    "promoted": _l("the promoted checkpoint"),
    "last": _l("the last run"),
    "scratch": _l("scratch"),
}
OVERLAPS: Words = {
    "skip": _l("skip the time"),
    "queue": _l("wait for its end"),
    "replace": _l("take its place"),
}
MISSED: Words = {
    "newest": _l("make up for the newest"),
    "none": _l("pass over them"),
}


@schedules.get("")
def index() -> ResponseReturnValue:
    """List the schedules, newest first."""
    after = asked_after()
    with services().db.read() as session:
        page = list_schedules(session, team_id(), after=after, limit=PAGE)
        last = last_runs(session, [row.id for row in page.data])
        models = {row.id: session.get_one(NamedModel, row.model_id) for row in page.data}
    return render_template("schedules.html", page=page, after=after, last=last, models=models)


@schedules.get("/new")
def new() -> ResponseReturnValue:
    """Show the form of a new schedule; ``corpus`` and ``model`` fill it in."""
    typed = {TRAINING + "preset": _default_preset(), "cron": "nightly", "time_zone": "UTC"}
    for argument, field in (("corpus", "corpus_id"), ("model", "model")):
        typed[field] = request.args.get(argument, "")
    return _form(Form(ScheduleRequest, typed))


@schedules.post("/new")
def create() -> ResponseReturnValue:
    """Add a schedule, or show the form again with what is wrong."""
    form = Form(ScheduleRequest, typed_values())
    done, status = attempt(form, lambda: _add(form))
    return redirect(done, status) if done else (_form(form), status)


@schedules.get("/<schedule_id>")
def show(schedule_id: str) -> ResponseReturnValue:
    """Show a schedule with its next times and its history, newest first."""
    after = asked_after()
    with services().db.read() as session:
        row = get_schedule(session, team_id(), schedule_id)
        runs = list_runs(session, row.id, after=after, limit=PAGE, newest_first=True)
        now = database_now(session)
        return render_template(
            "schedule.html",
            schedule=row,
            page=runs,
            after=after,
            model=session.get_one(NamedModel, row.model_id),
            corpus=reading.corpus_of(session, row.corpus_id),
            times=row.timing.preview(now) if row.enabled else [],
            told=reading.receivers_of(session, row.id),
        )


@schedules.get("/<schedule_id>/edit")
def edit(schedule_id: str) -> ResponseReturnValue:
    """Show the form with what the schedule is."""
    with services().db.read() as session:
        row = get_schedule(session, team_id(), schedule_id)
        typed = typed_of(request_of(session, row))
    return _form(Form(ScheduleRequest, typed), row)


@schedules.post("/<schedule_id>/edit")
def change(schedule_id: str) -> ResponseReturnValue:
    """Change a schedule, or show the form again with what is wrong."""
    row, form = _schedule(schedule_id), Form(ScheduleRequest, typed_values())
    done, status = attempt(form, lambda: _change(schedule_id, form))
    return redirect(done, status) if done else (_form(form, row), status)


@schedules.post("/<schedule_id>/run")
def run(schedule_id: str) -> ResponseReturnValue:
    """Run a schedule now, besides its times."""

    def work(session: Session) -> str:
        made = moves.run_now(session, team_id(), schedule_id, database_now(session))
        return made.reason if made.status == RunStatus.SKIPPED else ""

    skipped = write(work)
    if skipped:
        flash(_("It was skipped: %(reason)s.", reason=translated(skipped)))
    else:
        flash(_("It runs as soon as it is looked at."))
    return _back(schedule_id)


@schedules.post("/<schedule_id>/enabled")
def enable(schedule_id: str) -> ResponseReturnValue:
    """Enable or disable a schedule."""
    _replace(schedule_id, {"enabled": typed_values().get("enabled") == YES})
    return _back(schedule_id)


@schedules.get("/<schedule_id>/delete")
def ask(schedule_id: str) -> ResponseReturnValue:
    """Ask whether a schedule shall be deleted."""
    return render_template("schedule_delete.html", schedule=_schedule(schedule_id))


@schedules.post("/<schedule_id>/delete")
def delete(schedule_id: str) -> ResponseReturnValue:
    """Delete a schedule and its history."""
    name = _schedule(schedule_id).name
    write(lambda session: moves.delete_schedule(session, team_id(), schedule_id))
    flash(_("%(name)s is deleted.", name=name))
    return redirect(url_for(".index"), 303)


def _add(form: Form) -> str:
    body = validated(ScheduleRequest, form.typed)
    row = write(lambda s: moves.add_schedule(s, team_id(), body, database_now(s), user_id()))
    flash(_("%(name)s is here. Run it now, or wait for its time.", name=row.name))
    return url_for(".show", schedule_id=row.id)


def _change(schedule_id: str, form: Form) -> str:
    body = validated(ScheduleRequest, form.typed)
    _replace(schedule_id, body.model_dump(exclude={"enabled"}, exclude_unset=True), whole=True)
    flash("It is changed.")
    return url_for(".show", schedule_id=schedule_id)


def _replace(schedule_id: str, given: dict[str, Any], *, whole: bool = False) -> None:
    """Make a schedule what is given: all but ``enabled``, or nothing besides."""

    def work(session: Session) -> None:
        row = get_schedule(session, team_id(), schedule_id, lock=True)
        base = {"enabled": row.enabled} if whole else request_of(session, row)
        body = ScheduleRequest.model_validate(base | given)
        moves.change_schedule(session, row, body, database_now(session))

    write(work)


def _form(form: Form, schedule: Schedule | None = None) -> str:
    with services().db.read() as session:
        corpora = reading.all_corpora(session, team_id())
        models = list_models(session, team_id(), limit=MAX_LIMIT).data
        receivers = reading.all_receivers(session, team_id())
    return render_template(
        "schedule_new.html",
        form=form,
        schedule=schedule,
        corpora=[corpus_choice(corpus) for corpus in corpora],
        models=[model.name for model in models],
        receivers=receivers,
        presets=preset_cards(),
        preset=preset_of(form, TRAINING, _default_preset()),
        numbers=preset_numbers(TRAINING),
        main=main_fields(TRAINING),
        groups=spec_groups(TRAINING),
        nodes={prefix: node_group(prefix) for prefix in (TRAINING, WRITING)},
        choices={"start_from": STARTS, "overlap": OVERLAPS, "missed": MISSED},
        writing=[WRITING + name for name in GenerationSpec.model_fields],
        cleaning=[(name, form.help(name)) for name in ("lowercase", "nfc", "squeeze")],
        crons=list(CHOICES),
        zones=sorted(zones()),
        shown=_names(),
    )


def _names() -> list[str]:
    """Return the fields that the form has places for, from the top down."""
    groups = (*spec_groups(TRAINING), node_group(TRAINING))
    training = [name for group in groups for name in group.fields]
    writing = [WRITING + name for name in (*GenerationSpec.model_fields, *NODE.fields)]
    return [*FIRST, *main_fields(TRAINING), *training, *writing, *LAST]


def _default_preset() -> str:
    plan: TrainingPlan = ScheduleRequest.model_fields["training"].get_default()
    return plan.preset


def _schedule(schedule_id: str) -> Schedule:
    with services().db.read() as session:
        return get_schedule(session, team_id(), schedule_id)


def _back(schedule_id: str) -> ResponseReturnValue:
    return redirect(url_for(".show", schedule_id=schedule_id), 303)
