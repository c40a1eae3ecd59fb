"""The writing desk: a text that a person and a model write in turn."""

from contextlib import suppress
from typing import Any

from apiflask import APIBlueprint
from flask import redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from shared.errors import MoveRefused, NotFound, UserError
from shared.jobs.desk import submit_writing
from shared.jobs.models import ENDED
from shared.jobs.queries import get_job
from shared.jobs.questions import submit_scoring
from shared.jobs.requests import MOST_SCORED, GenerationRequest, ScoreRequest
from shared.jobs.services import cancel, delete
from shared.jobs.submissions import submit_generation
from shared.models.queries import list_models
from shared.pages import MAX_LIMIT
from web.api.inputs import small_body
from web.api.waiting import ask
from web.api.writing import write
from web.context import services, submitter, team_id
from web.messages import _
from web.pages import reading
from web.pages.forms import Choice, Form, attempt, typed_values, validated
from web.pages.scores import LEGEND, level
from web.pages.submitting import checkpoint_choices, form_submitter, fresh_once
from web.pages.words import sentence
from web.pages.writings import output_card, output_of, prompt_words
from web.recalled import translated

desk = APIBlueprint("desk", __name__, url_prefix="/desk", enable_openapi=False)

FIELDS = ("temperature", "length", "top_k", "top_p")
# What stands in the fields at first: short pieces, so that one may choose again.
LENGTH, TEMPERATURE = "200", "0.6"


@desk.get("")
def show() -> ResponseReturnValue:
    """Show the desk; ``checkpoint`` or ``model`` chooses who writes, ``job`` and ``number`` bring
    a text along."""
    typed = {"once": fresh_once(), "length": LENGTH, "temperature": TEMPERATURE}
    with services().db.read() as session:
        typed |= _brought(session)
    return _page(Form(GenerationRequest, typed))


@desk.post("")
def go_on() -> ResponseReturnValue:
    """Without a script: let a job write, and show its page."""
    form = Form(GenerationRequest, typed_values())
    done, status = attempt(form, lambda: _submit(form))
    return redirect(done, status) if done else (_page(form), status)


@desk.post("/texts")
def texts() -> ResponseReturnValue:
    """Let a job write behind a text; answer with where it is heard and stopped."""
    try:
        body = small_body(GenerationRequest).model_copy(update={"name": _("Writing desk")})
        who = submitter()
        job = write(lambda session: submit_writing(session, who, body))
    except UserError as error:
        return _refused(error)
    return {
        "stream": url_for("pages.live.follow", job_id=job.id),
        "live": url_for("pages.live.show", job_id=job.id),
        "stop": url_for("pages.jobs.move", job_id=job.id, move="cancel"),
    }, 202


@desk.post("/scores")
def scores() -> ResponseReturnValue:
    """Tell how likely each character of a text is, and which may come next."""
    try:
        body = small_body(ScoreRequest)
        who = submitter()
        job = ask(body.text, lambda session, stored: submit_scoring(session, who, body, stored))
    except UserError as error:
        return _refused(error)
    if job.status not in ENDED:
        with suppress(MoveRefused):
            write(lambda session: cancel(session, job.id))
        # With a status of failure each pause in typing would leave a line in the browser's console.
        return {"message": _("No worker is free at the moment."), "code": "busy"}
    with services().db.read() as session:
        found = reading.answer(services().db, session, job) or {}
    write(lambda session: delete(session, job.id))
    return _told(found)


def _told(found: dict[str, Any]) -> dict[str, Any]:
    """Return a ``Score`` as the desk needs it: a row less a name for each character."""
    return {
        "next": found.get("next", []),
        "note": prompt_words(found["report"]),
        "levels": [level(one) for one in found["scores"]],
        "probabilities": [one["probability"] for one in found["scores"]],
        "ranks": [one["rank"] for one in found["scores"]],
        "likelier": [
            [other["character"] for other in one["alternatives"]] for one in found["scores"]
        ],
    }


def _refused(error: UserError) -> ResponseReturnValue:
    form = Form(GenerationRequest, {}, error.problems, translated(error.args[0]))
    lines = [sentence(line) for line in form.other_errors()]
    code = "gone" if isinstance(error, NotFound) or _names_checkpoint(error) else error.code
    return {"message": " ".join(lines), "code": code}, error.status


def _names_checkpoint(error: UserError) -> bool:
    return any(problem.field == "checkpoint_id" for problem in error.problems)


def _submit(form: Form) -> str:
    body = validated(GenerationRequest, form.typed)
    job = write(lambda session: submit_generation(session, form_submitter(form.typed), body))
    return url_for("pages.jobs.show", job_id=job.id)


def _brought(session: Session) -> dict[str, str]:
    """Return the text that the address names, as if it had been typed, and who wrote it."""
    job_id, number = request.args.get("job"), request.args.get("number", 1, type=int)
    if not job_id:
        return {"checkpoint_id": request.args.get("checkpoint", "")}
    job = get_job(session, team_id(), job_id)
    card = output_card(services().db, output_of(session, job, min(max(number, 0), 2**31 - 1)))
    text = card["prompt"].removeprefix("…") + card["text"]
    return {"prompt": text, "checkpoint_id": job.checkpoint_id or ""}


def _page(form: Form) -> str:
    with services().db.read() as session:
        writers, chosen = _writers(session, form.value("checkpoint_id"))
    return render_template(
        "desk.html", form=form, writers=writers, chosen=chosen, fields=FIELDS, legend=LEGEND,
        most_scored=MOST_SCORED,
    )  # fmt: skip


def _writers(session: Session, wanted: str) -> tuple[list[Choice], str]:
    """Return the named models and the checkpoints to choose from, and which one is chosen."""
    models = [row for row in list_models(session, team_id(), limit=MAX_LIMIT).data
              if row.checkpoint_id]  # fmt: skip
    promoted = {row.checkpoint_id: row.name for row in models}
    named = {row.name: row.checkpoint_id for row in models}
    rows = reading.checkpoints_to_choose(session, team_id(), wanted)
    rows = [row for row in rows if row[0].id not in promoted]
    best = reading.best_checkpoint(session, team_id())
    chosen = named.get(request.args.get("model", "")) or wanted or (best.id if best else "")
    choices = [Choice(id_ or "", name, _("Named models")) for id_, name in promoted.items()]
    others = checkpoint_choices(rows)
    return choices + [Choice(c.value, c.text, _("Checkpoints")) for c in others], chosen
