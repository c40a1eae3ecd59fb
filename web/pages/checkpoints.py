"""Models that are downloaded, and models that were made elsewhere."""

from apiflask import APIBlueprint
from flask import Response, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import RequestEntityTooLarge

from shared.errors import FieldProblem
from shared.jobs.imports import ImportBody, submit_import
from shared.said import said
from web import downloads
from web.api.imports import check_room, taken
from web.api.writing import write
from web.context import services, submitter
from web.messages import _
from web.pages.forms import Form, attempt, typed_values, validated
from web.pages.submitting import form_submitter, fresh_once

checkpoints = APIBlueprint("checkpoints", __name__, url_prefix="/checkpoints", enable_openapi=False)


@checkpoints.get("/new")
def new() -> ResponseReturnValue:
    """Show the form that imports a model."""
    return _form(Form(ImportBody, {"once": fresh_once()}))


@checkpoints.post("/new")
def create() -> ResponseReturnValue:
    """Queue the import, or show the form again with what is wrong."""
    form = Form(ImportBody, typed_values())
    done, status = attempt(form, lambda: _submit(form))
    return redirect(done, status) if done else (_form(form), status)


@checkpoints.errorhandler(413)
def _too_large(_error: RequestEntityTooLarge) -> ResponseReturnValue:
    """Show the form again, though the request was never read whole."""
    form = Form(ImportBody, {"once": fresh_once()})
    most = services().settings.max_upload_bytes
    message = said(
        "the file is larger than the {most} bytes that this installation accepts", most=f"{most:,}"
    )
    form.problems = [FieldProblem("file", message)]
    return _form(form), 413


@checkpoints.get("/<checkpoint_id>/model.keras")
def model(checkpoint_id: str) -> Response:
    """Send a checkpoint's ``.keras`` file."""
    return downloads.model_keras(services(), checkpoint_id)


@checkpoints.get("/<checkpoint_id>/bundle.zip")
def bundle(checkpoint_id: str) -> Response:
    """Send a checkpoint with all that belongs to it."""
    return downloads.bundle_zip(services(), checkpoint_id)


def _submit(form: Form) -> str:
    # A text's blanks are characters like others: it is taken as it was typed.
    typed = {name: form.typed[name] for name in ("name", "characters") if form.value(name)}
    body = validated(ImportBody, {"name": typed.get("name", "")})
    body = body.model_copy(update={"characters": typed.get("characters")})
    check_room(submitter())
    asked, stored = taken(body)
    # Another file is another import, also where all else was typed alike.
    who = form_submitter({**form.typed, "sha256": stored.sha256})
    job = write(lambda session: submit_import(session, who, asked, stored))
    flash(_("The file is here. Its model can be used when the import has succeeded."))
    return url_for("pages.jobs.show", job_id=job.id)


def _form(form: Form) -> str:
    most = services().settings.max_upload_bytes
    return render_template("model_import.html", form=form, most=most)
