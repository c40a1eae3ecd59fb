"""Submitting jobs."""

from collections.abc import Callable
from typing import TypeVar

from apiflask import APIBlueprint
from pydantic import Field
from sqlalchemy.orm import Session

from shared.fields import Spec
from shared.jobs import models
from shared.jobs.requests import GenerationRequest, TrainingRequest
from shared.jobs.submissions import Submitter, submit_generation, submit_training
from web import context
from web.api.faults import refuses
from web.api.inputs import takes
from web.api.schemas import Job
from web.api.writing import write

Accepted = tuple[Job, int, dict[str, str]]
R = TypeVar("R", TrainingRequest, GenerationRequest)

submissions = APIBlueprint("submissions", __name__, url_prefix="/api/v1", tag="Jobs")


OF_WRITING = ("unknown_prompt", "idempotency_key_reused", "quota_exceeded")
OF_TRAINING = ("corpus_too_short", "model_too_large", *OF_WRITING)


class SubmissionHeaders(Spec):
    """What protects a submission that is sent again."""

    idempotency_key: str | None = Field(
        None,
        min_length=1,
        max_length=255,
        pattern="^[ -~]+$",
        description="The same key and body return the same job; another body is refused.",
    )


@submissions.post("/training-jobs")
@takes(submissions, TrainingRequest)
@takes(submissions, SubmissionHeaders, "headers")
@submissions.output(Job, 202)
@submissions.doc(extensions=refuses(*OF_TRAINING))
def train(body: TrainingRequest, headers: SubmissionHeaders) -> Accepted:
    """Submit a training job.

    A preset, and any field of the spec over it. It waits in the queue until a worker is free;
    `Location` is where it is watched.
    """
    return _submit(submit_training, body, headers)


@submissions.post("/generation-jobs")
@takes(submissions, GenerationRequest)
@takes(submissions, SubmissionHeaders, "headers")
@submissions.output(Job, 202)
@submissions.doc(extensions=refuses(*OF_WRITING))
def generate(body: GenerationRequest, headers: SubmissionHeaders) -> Accepted:
    """Submit a generation job.

    A checkpoint, or a model whose promoted checkpoint writes. Several temperatures and a `count`
    write as many texts.
    """
    return _submit(submit_generation, body, headers)


def _submit(
    service: Callable[[Session, Submitter, R], models.Job], body: R, headers: SubmissionHeaders
) -> Accepted:
    who = submitter(headers)
    job = Job.of(write(lambda session: service(session, who, body)))
    return job, 202, {"Location": job.links["self"]}


def submitter(headers: SubmissionHeaders) -> Submitter:
    """Return whose submission it is."""
    return context.submitter(headers.idempotency_key)
