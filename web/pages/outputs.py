"""What goes with the texts of a generation job: all of them as a zip file, receipts, and proof."""

import json

from apiflask import APIBlueprint
from flask import Response, redirect, request, url_for
from flask.typing import ResponseReturnValue

from shared.blobs import write_blob
from shared.errors import NotFound, UserError
from shared.jobs.models import ENDED, Job
from shared.jobs.queries import get_job
from shared.jobs.questions import submit_verification
from shared.jobs.requests import VerifyRequest
from shared.jobs.submissions import Submitter
from shared.said import said
from web import downloads
from web.api.waiting import ask
from web.api.writing import write
from web.context import services, submitter, team_id
from web.messages import _
from web.pages import reading
from web.pages.words import sentence
from web.pages.writings import output_of, verdict

outputs = APIBlueprint("outputs", __name__, url_prefix="/jobs", enable_openapi=False)

JSON = "application/json"
NUMBER = "<int(max=2147483647):number>"


@outputs.get("/<job_id>/output.zip")
def output_zip(job_id: str) -> ResponseReturnValue:
    """Send a file for each text, and the receipts."""
    return downloads.output_zip(services(), job_id)


@outputs.get(f"/<job_id>/outputs/{NUMBER}/receipt.json")
def receipt(job_id: str, number: int) -> ResponseReturnValue:
    """Send a text's receipt."""
    job, found = _receipt(job_id, number)
    body = json.dumps(found, ensure_ascii=False, indent=2) + "\n"
    response = Response(body, mimetype=JSON)
    name = downloads.file_name(job.name, f"{number}-receipt.json")
    response.headers["Content-Disposition"] = downloads.disposition(name)
    return response


@outputs.post(f"/<job_id>/outputs/{NUMBER}/verify")
def verify(job_id: str, number: int) -> ResponseReturnValue:
    """Have a text written again: answer with what came of it, or lead to the job that does it."""
    body = VerifyRequest.model_validate({"receipt": _receipt(job_id, number)[1]})
    who = submitter()
    asked = body.model_dump_json(exclude_unset=True)
    if request.accept_mimetypes.best == JSON:
        return _told(asked, body, who)
    stored = write_blob(services().db, [asked.encode()])
    job = write(lambda session: submit_verification(session, who, body, stored))
    return redirect(url_for("pages.jobs.show", job_id=job.id), 303)


def _told(asked: str, body: VerifyRequest, who: Submitter) -> ResponseReturnValue:
    try:
        job = ask(asked, lambda session, stored: submit_verification(session, who, body, stored))
    except UserError as error:
        return {"told": sentence(error.args[0])}, error.status
    url = url_for("pages.jobs.show", job_id=job.id)
    if job.status not in ENDED:
        return {"told": _("It is being written again."), "url": url}
    with services().db.read() as session:
        answer = reading.answer(services().db, session, job)
    return {"told": verdict(answer or {"same": False}), "url": url}


def _receipt(job_id: str, number: int) -> tuple[Job, dict[str, object]]:
    with services().db.read() as session:
        job = get_job(session, team_id(), job_id)
        found = output_of(session, job, number).receipt
    if found is None:
        raise NotFound(said("output {number} of the job has no receipt", number=number))
    return job, found
