"""Named models: the list, one with its history, promotion, and what is stable about it."""

from apiflask import APIBlueprint
from flask import Response, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from shared.checkpoints.models import Checkpoint
from shared.checkpoints.queries import get_checkpoint
from shared.errors import MoveRefused, NotFound
from shared.jobs.models import Job
from shared.models import services as moves
from shared.models.models import Action, NamedModel
from shared.models.queries import (
    get_model,
    latest_text,
    list_decisions,
    list_models,
    promoted_checkpoint,
)
from web import downloads
from web.api.models import Policy
from web.api.writing import write
from web.context import services, team_id
from web.messages import LazyString, _, _l
from web.pages.forms import Form, attempt, typed_values, validated
from web.pages.paging import asked_after
from web.recalled import translated

models = APIBlueprint("models", __name__, url_prefix="/models", enable_openapi=False)

PAGE = 50


@models.get("")
def index() -> ResponseReturnValue:
    """List the models, oldest first."""
    after = asked_after()
    with services().db.read() as session:
        page = list_models(session, team_id(), after=after, limit=PAGE)
    return render_template("models.html", page=page, after=after)


@models.get("/<name>")
def show(name: str) -> ResponseReturnValue:
    """Show a model."""
    return _page(name)


@models.post("/<name>")
def change(name: str) -> ResponseReturnValue:
    """Change what a candidate must do, or show the page again with what is wrong."""
    form = Form(Policy, typed_values())
    done, status = attempt(form, lambda: _change(name, form))
    return redirect(done, status) if done else (_page(name, form), status)


@models.post("/<name>/promote")
def promote(name: str) -> ResponseReturnValue:
    """Promote a checkpoint of the history."""

    def work(session: Session) -> None:
        checkpoint = get_checkpoint(session, team_id(), typed_values().get("checkpoint_id", ""))
        moves.promote(session, _mine(session, name), checkpoint, "by hand")

    write(work)
    flash(_("It is promoted."))
    return redirect(url_for(".show", name=name), 303)


@models.post("/<name>/rollback")
def rollback(name: str) -> ResponseReturnValue:
    """Make the checkpoint the model's again that was promoted before."""
    try:
        write(lambda session: moves.roll_back(session, _mine(session, name), "by hand"))
    except MoveRefused as error:
        reason = translated(error.args[0])
        refusal = _("It was not rolled back: %(reason)s.", reason=reason)
        return _page(name, refusal=refusal), error.status
    flash(_("It is rolled back."))
    return redirect(url_for(".show", name=name), 303)


@models.get("/<name>/latest/output.txt")
def output_txt(name: str) -> Response:
    """Send what was written last with the promoted checkpoint."""
    with services().db.read() as session:
        job = latest_text(session, get_model(session, team_id(), name))
    return downloads.output_txt(services(), job.id)


@models.get("/<name>/latest/model.keras")
def model_keras(name: str) -> Response:
    """Send the promoted checkpoint."""
    with services().db.read() as session:
        checkpoint_id = promoted_checkpoint(get_model(session, team_id(), name))
    return downloads.model_keras(services(), checkpoint_id)


def _change(name: str, form: Form) -> str:
    policy = validated(Policy, form.typed)

    def work(session: Session) -> None:
        model = _mine(session, name)
        for field in policy.model_fields_set:
            setattr(model, field, getattr(policy, field))

    write(work)
    flash(_("From now on candidates are judged by this."))
    return url_for(".show", name=name)


def _page(name: str, form: Form | None = None, refusal: str | None = None) -> str:
    after = asked_after()
    with services().db.read() as session:
        model = get_model(session, team_id(), name)
        page = list_decisions(session, model.id, after=after, limit=PAGE, newest_first=True)
        return render_template(
            "model.html",
            model=model,
            page=page,
            after=after,
            jobs=_jobs(session, [model.checkpoint_id, *(row.checkpoint_id for row in page.data)]),
            before=moves.before(session, model),
            text=_latest(session, model),
            form=form or Form(Policy),
            refusal=refusal,
        )


def _jobs(session: Session, ids: list[str | None]) -> dict[str, tuple[Checkpoint, Job]]:
    """Return the checkpoints of these ids, with the jobs that trained them."""
    found: dict[str, tuple[Checkpoint, Job]] = {}
    for checkpoint_id in filter(None, ids):
        row = session.get(Checkpoint, checkpoint_id)
        if row is not None:
            found[row.id] = row, session.get_one(Job, row.job_id)
    return found


def _latest(session: Session, model: NamedModel) -> Job | None:
    try:
        return latest_text(session, model)
    except NotFound:
        return None


def _mine(session: Session, name: str) -> NamedModel:
    return get_model(session, team_id(), name, lock=True)


ACTIONS: dict[str, tuple[LazyString, str]] = {
    Action.PROMOTED: (_l("promoted"), "succeeded"),
    Action.KEPT: (_l("kept"), ""),
    Action.ROLLED_BACK: (_l("rolled back"), "queued"),
}


@models.app_template_filter("action")
def action_words(action: str) -> tuple[str, str]:
    """Return what was decided in words, and the badge that it has."""
    word, badge = ACTIONS[action]
    return str(word), badge
