"""Questions that a worker answers while the caller waits: scores, and receipts verified."""

from collections.abc import Callable
from itertools import chain

from apiflask import APIBlueprint
from flask import Response, jsonify, url_for
from sqlalchemy.orm import Session

from shared.blobs import StoredBlob, read_blob
from shared.checkpoints.queries import get_checkpoint
from shared.jobs import models
from shared.jobs.answers import result_blob
from shared.jobs.queries import get_job
from shared.jobs.questions import check_receipt, submit_scoring, submit_verification
from shared.jobs.requests import ScoreBody, ScoreRequest, VerifyRequest
from shared.jobs.results import Score, Verification
from web.api.document import REFERENCE, Responses, answer
from web.api.examples import SCORE
from web.api.faults import refuses
from web.api.inputs import takes
from web.api.schemas import Job
from web.api.submissions import SubmissionHeaders, submitter
from web.api.waiting import ask
from web.context import services, team_id

answers = APIBlueprint("answers", __name__, url_prefix="/api/v1", tag="Answers")

JSON = "application/json"
LATER: Responses = {
    202: answer("Not answered yet: the job, whose `links.result` will have the answer", Job)
}
# What the job may end with, told as the request's own error.
OF_JOBS = ("cancelled", "idempotency_key_reused", "quota_exceeded")
RESULT: Responses = {200: {
    "description": "A `Score` or a `Verification`, as the job's kind is.",
    "content": {JSON: {"schema": {"anyOf": [
        {"$ref": REFERENCE.format(model=model.__name__)} for model in (Score, Verification)
    ]}, "example": SCORE}},
}}  # fmt: skip


@answers.post("/checkpoints/<checkpoint_id>/score")
@takes(answers, ScoreBody)
@takes(answers, SubmissionHeaders, "headers")
@answers.output(Score)
@answers.doc(responses=LATER, extensions=refuses(*OF_JOBS))
def score(checkpoint_id: str, body: ScoreBody, headers: SubmissionHeaders) -> Response:
    """Tell how likely a checkpoint finds each character of a text, and what it would go on with.

    A job on the queue of texts does it; where it has ended within ten seconds, this is its answer.
    """
    request = ScoreRequest(checkpoint_id=checkpoint_id, **body.model_dump())
    with services().db.read() as session:
        get_checkpoint(session, team_id(), checkpoint_id)
    who = submitter(headers)
    return _answered(
        request.text, lambda session, stored: submit_scoring(session, who, request, stored)
    )


@answers.post("/receipts/verify")
@takes(answers, VerifyRequest)
@takes(answers, SubmissionHeaders, "headers")
@answers.output(Verification)
@answers.doc(responses=LATER, extensions=refuses(*OF_JOBS))
def verify(body: VerifyRequest, headers: SubmissionHeaders) -> Response:
    """Write a receipt's text again and compare it, character by character.

    A job on the queue of texts does it; where it has ended within ten seconds, this is its answer.
    """
    with services().db.read() as session:
        check_receipt(session, team_id(), body)
    who = submitter(headers)
    # As it came: a spec's fields that were left out are not to look as if they had been there.
    asked = body.model_dump_json(exclude_unset=True)
    return _answered(asked, lambda session, stored: submit_verification(session, who, body, stored))


@answers.get("/jobs/<job_id>/result")
@answers.doc(responses=RESULT)
def result(job_id: str) -> Response:
    """Show what came of a scoring or a verification.

    404 until there is something, and for jobs that do not answer.
    """
    with services().db.read() as session:
        blob_id = result_blob(session, get_job(session, team_id(), job_id))
    return _result(blob_id)


def _answered(asked: str, submit: Callable[[Session, StoredBlob], models.Job]) -> Response:
    """Ask, and answer with the result or with the job itself."""
    job = ask(asked, submit)
    response = _job(job) if job.status not in models.ENDED else _result_of(job)
    response.headers["Location"] = url_for("jobs.show", job_id=job.id)
    return response


def _job(job: models.Job) -> Response:
    response = jsonify(Job.of(job).model_dump(mode="json"))
    response.status_code = 202
    return response


def _result_of(job: models.Job) -> Response:
    with services().db.read() as session:
        blob_id = result_blob(session, job)
    return _result(blob_id)


def _result(blob_id: str) -> Response:
    pieces = read_blob(services().db, blob_id)
    # Read the first piece now: once the answer has begun, an error can only cut it short.
    return Response(chain([next(pieces)], pieces), mimetype=JSON)
