"""The form of a generation job."""

from apiflask import APIBlueprint
from flask import redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from shared.errors import FieldProblem, UnknownPrompt
from shared.jobs.submissions import submit_generation
from shared.specs import GenerationRequest, GenerationSpec
from web.api.writing import write
from web.context import services, team_id
from web.pages import reading
from web.pages.forms import Form, attempt, fields_but, typed_values, validated
from web.pages.submitting import checkpoint_choices, fresh_once, submitter

generation = APIBlueprint("generation", __name__, url_prefix="/generation", enable_openapi=False)

MAIN = ("prompt", "length", "temperature", "count")


@generation.get("/new")
def new() -> ResponseReturnValue:
    """Show the form; ``checkpoint`` chooses the model."""
    typed = {"once": fresh_once()}
    if wanted := request.args.get("checkpoint"):
        typed["checkpoint_id"] = wanted
    return _page(Form(GenerationRequest, typed))


@generation.post("/new")
def create() -> ResponseReturnValue:
    """Queue the job, or show the form again with what is wrong."""
    form = Form(GenerationRequest, typed_values())
    done, status = attempt(form, lambda: _submit(form))
    return redirect(done, status) if done else (_page(form), status)


def _submit(form: Form) -> str:
    body = validated(GenerationRequest, form.typed)
    try:
        job = write(lambda session: submit_generation(session, submitter(form.typed), body))
    except UnknownPrompt as error:
        error.problems = [FieldProblem("prompt", str(error))]
        raise
    return url_for("pages.jobs.show", job_id=job.id)


def _page(form: Form) -> str:
    wanted = form.value("checkpoint_id")
    with services().db.read() as session:
        rows = reading.checkpoints_to_choose(session, team_id(), wanted)
        best = reading.best_checkpoint(session, team_id())
    return render_template(
        "generation_new.html",
        form=form,
        checkpoints=checkpoint_choices(rows),
        chosen=wanted or (best.id if best else ""),
        main=MAIN,
        folded=fields_but(GenerationSpec, MAIN),
        defaults=_defaults(),
    )


def _defaults() -> dict[str, str]:
    """Return what an empty field means, to be shown in it."""
    fields = GenerationSpec.model_fields
    given = {name: info.default for name, info in fields.items() if name != "stop"}
    return {name: f"{value:g}" if isinstance(value, float) else str(value)
            for name, value in given.items() if value is not None}  # fmt: skip
