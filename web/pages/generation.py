"""The form of a generation job."""

from apiflask import APIBlueprint
from flask import redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from shared.errors import FieldProblem, NotFound, UnknownPrompt
from shared.jobs.models import Job, Kind
from shared.jobs.queries import get_job
from shared.jobs.requests import GenerationRequest
from shared.jobs.submissions import submit_generation
from shared.models.queries import list_models
from shared.nodes.needs import told
from shared.pages import MAX_LIMIT
from shared.said import said
from shared.specs import GenerationSpec
from web.api.writing import write
from web.context import services, team_id
from web.pages import reading
from web.pages.forms import Choice, Form, attempt, fields_but, typed_values, validated
from web.pages.groups import node_group
from web.pages.submitting import checkpoint_choices, form_submitter, fresh_once
from web.pages.typed import typed_of

generation = APIBlueprint("generation", __name__, url_prefix="/generation", enable_openapi=False)

MAIN = ("prompt", "length", "temperature", "count")


@generation.get("/new")
def new() -> ResponseReturnValue:
    """Show the form; ``checkpoint`` or ``model`` chooses who writes, ``clone`` names a job that is
    to be done again."""
    cloned = _cloned()
    typed = {"once": fresh_once(), **(_typed(cloned) if cloned else {})}
    for argument, field in (("checkpoint", "checkpoint_id"), ("model", "model")):
        if wanted := request.args.get(argument):
            typed[field] = wanted
    return _page(Form(GenerationRequest, typed), cloned)


@generation.post("/new")
def create() -> ResponseReturnValue:
    """Queue the job, or show the form again with what is wrong."""
    form = Form(GenerationRequest, typed_values())
    done, status = attempt(form, lambda: _submit(form))
    return redirect(done, status) if done else (_page(form), status)


def _submit(form: Form) -> str:
    # A list always has a choice: where a model is named, that of the checkpoint does not count.
    named = {"checkpoint_id"} if form.value("model") else set()
    typed = {name: value for name, value in form.typed.items() if name not in named}
    body = validated(GenerationRequest, typed)
    try:
        job = write(lambda session: submit_generation(session, form_submitter(form.typed), body))
    except UnknownPrompt as error:
        error.problems = [FieldProblem("prompt", error.args[0])]
        raise
    return url_for("pages.jobs.show", job_id=job.id)


def _cloned() -> Job | None:
    """Return the job that is to be done again. Raises ``NotFound``."""
    job_id = request.args.get("clone")
    if not job_id:
        return None
    with services().db.read() as session:
        job = get_job(session, team_id(), job_id)
    if job.kind != Kind.GENERATE:
        raise NotFound(
            said("job {id} is a {kind} job: it wrote no texts", id=job_id, kind=job.kind)
        )
    return job


def _typed(job: Job) -> dict[str, str]:
    """Return what one would have typed for a job: what differs from the defaults."""
    usual = GenerationSpec().model_dump(mode="json")
    differs = {name: value for name, value in job.spec.items() if usual.get(name) != value}
    differs["needs"] = told(job.needs_key)
    return typed_of(differs) | {"checkpoint_id": job.checkpoint_id or ""}


def _page(form: Form, cloned: Job | None = None) -> str:
    wanted = form.value("checkpoint_id")
    with services().db.read() as session:
        rows = reading.checkpoints_to_choose(session, team_id(), wanted)
        best = reading.best_checkpoint(session, team_id())
        receivers = reading.all_receivers(session, team_id())
        models = list_models(session, team_id(), limit=MAX_LIMIT).data
    return render_template(
        "generation_new.html",
        form=form,
        cloned=cloned,
        checkpoints=checkpoint_choices(rows),
        models=[Choice(row.name, row.name) for row in models if row.checkpoint_id],
        chosen=wanted or (best.id if best else ""),
        main=MAIN,
        receivers=receivers,
        folded=fields_but(GenerationSpec, MAIN),
        defaults=_defaults(),
        node=node_group(),
    )


def _defaults() -> dict[str, str]:
    """Return what an empty field means, to be shown in it."""
    fields = GenerationSpec.model_fields
    given = {name: info.default for name, info in fields.items() if name != "stop"}
    return {name: f"{value:g}" if isinstance(value, float) else str(value)
            for name, value in given.items() if value is not None}  # fmt: skip
