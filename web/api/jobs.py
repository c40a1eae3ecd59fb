"""Jobs: list, show, and the moves that their owner may make."""

from collections.abc import Callable
from typing import Literal

from apiflask import APIBlueprint
from flask import Response, jsonify, request
from pydantic import Field
from sqlalchemy.orm import Session

from shared.jobs import models, services
from shared.jobs.queries import get_job, list_jobs
from web import context
from web.api.inputs import PageQuery, takes
from web.api.schemas import Job, JobPage
from web.api.writing import write

Move = Callable[[Session, str], models.Job]
REFUSED = {409: "The job's status does not allow this move"}

jobs = APIBlueprint("jobs", __name__, url_prefix="/api/v1/jobs", tag="Jobs")


class JobQuery(PageQuery):
    """Which jobs to list."""

    kind: Literal["train", "generate"] | None = Field(None, description="Only these.")
    status: Literal["queued", "running", "paused", "succeeded", "failed", "cancelled"] | None = (
        Field(None, description="Only those that stand so.")
    )


@jobs.get("")
@takes(jobs, JobQuery, "query")
@jobs.output(JobPage)
def index(query: JobQuery) -> JobPage:
    """List the jobs, newest first."""
    with context.services().db.read() as session:
        return JobPage.of(list_jobs(session, context.team_id(), **query.model_dump()))


@jobs.get("/<job_id>")
@jobs.output(Job)
@jobs.doc(
    description="With `If-None-Match` and the last `ETag`, a job that did not change costs a 304.",
    responses={304: "Nothing changed"},
)
def show(job_id: str) -> Response:
    """Show a job."""
    with context.services().db.read() as session:
        job = Job.of(get_job(session, context.team_id(), job_id))
    response = jsonify(job.model_dump(mode="json"))
    response.cache_control.no_cache = True
    response.cache_control.private = True
    response.add_etag()
    response.make_conditional(request)
    return response


@jobs.post("/<job_id>/cancel")
@jobs.output(Job)
@jobs.doc(responses=REFUSED)
def cancel(job_id: str) -> Job:
    """Cancel a job; a running one ends when its worker has stopped."""
    return _move(job_id, services.cancel)


@jobs.post("/<job_id>/pause")
@jobs.output(Job)
@jobs.doc(responses=REFUSED)
def pause(job_id: str) -> Job:
    """Pause a job; a running one when its state is saved."""
    return _move(job_id, services.pause)


@jobs.post("/<job_id>/resume")
@jobs.output(Job)
@jobs.doc(responses=REFUSED)
def resume(job_id: str) -> Job:
    """Queue a paused job again."""
    return _move(job_id, services.resume)


@jobs.post("/<job_id>/retry")
@jobs.output(Job)
@jobs.doc(responses=REFUSED)
def retry(job_id: str) -> Job:
    """Queue a failed or cancelled job again; it goes on from its resume state, if it has one."""
    return _move(job_id, services.retry)


def _move(job_id: str, move: Move) -> Job:
    def work(session: Session) -> Job:
        get_job(session, context.team_id(), job_id)
        return Job.of(move(session, job_id))

    return write(work)
