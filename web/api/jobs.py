"""Jobs: list, show, delete, and the moves that their owner may make."""

from collections.abc import Callable
from typing import Literal

from apiflask import APIBlueprint
from flask import Response
from pydantic import Field
from sqlalchemy.orm import Session

from shared.jobs import models, services
from shared.jobs.queries import get_job, list_jobs
from web import context
from web.api import polling
from web.api.document import Responses, told
from web.api.faults import refuses
from web.api.inputs import Ids, PageQuery, takes
from web.api.schemas import Job, JobPage
from web.api.writing import within_limits, write

Move = Callable[[Session, str], models.Job]
MOVES: dict[str, tuple[Move, str, str]] = {
    "cancel": (
        services.cancel,
        "Cancel a job.",
        "A waiting one at once; a running one ends when its worker has stopped: until then "
        "`requested` says so.",
    ),
    "pause": (
        services.pause,
        "Pause a job.",
        "A waiting one at once; a running one when its state is saved, from which it goes on.",
    ),
    "resume": (
        within_limits(services.resume),
        "Queue a paused job again.",
        "It goes on where it stopped, as if it had not been paused.",
    ),
    "retry": (
        within_limits(services.retry),
        "Queue a failed or cancelled job again.",
        "It goes on from its resume state, if it has one.",
    ),
}
REFUSED = {
    "cancel": ("move_refused",),
    "pause": ("move_refused",),
    "resume": ("move_refused", "quota_exceeded"),
    "retry": ("move_refused", "quota_exceeded"),
}
SHOWN: Responses = {200: {"headers": told("ETag", "Retry-After")}, 304: "Nothing changed"}

jobs = APIBlueprint("jobs", __name__, url_prefix="/api/v1/jobs", tag="Jobs")


class JobQuery(PageQuery):
    """Which jobs to list."""

    ids: Ids | None = Field(
        None, description="Only these, by commas; those that there are not are left out."
    )
    kind: Literal["train", "generate", "score", "verify", "import"] | None = Field(
        None, description="Only these."
    )
    status: Literal["queued", "running", "paused", "succeeded", "failed", "cancelled"] | None = (
        Field(None, description="Only those that stand so.")
    )


@jobs.get("")
@takes(jobs, JobQuery, "query")
@jobs.output(JobPage)
def index(query: JobQuery) -> JobPage:
    """List the jobs, newest first.

    All of them, those of a kind or a status, or the very ones of `ids`: up to a hundred at once.
    """
    with context.services().db.read() as session:
        return JobPage.of(list_jobs(session, context.team_id(), **query.model_dump()))


@jobs.get("/<job_id>")
@jobs.output(Job)
@jobs.doc(
    description="With `If-None-Match` and the last `ETag`, a job that did not change costs a 304.",
    responses=SHOWN,
)
def show(job_id: str) -> Response:
    """Show a job."""
    return polling.answer(context.services(), job_id)


@jobs.delete("/<job_id>")
@jobs.doc(
    description="`in_use` where another job works with one of its checkpoints.",
    responses={204: "Deleted"},
    extensions=refuses("move_refused", "in_use"),
)
def delete(job_id: str) -> tuple[str, int]:
    """Delete an ended job with its epochs, samples, checkpoints, texts and events."""
    write(lambda session: services.delete(session, _mine(session, job_id)))
    return "", 204


def _add_move(name: str, move: Move, summary: str, description: str) -> None:
    @jobs.post(f"/<job_id>/{name}", endpoint=name)
    @jobs.output(Job)
    @jobs.doc(summary=summary, description=description, extensions=refuses(*REFUSED[name]))
    def view(job_id: str) -> Job:
        return write(lambda session: Job.of(move(session, _mine(session, job_id))))


def _mine(session: Session, job_id: str) -> str:
    """Return the id of the team's job. Raises ``NotFound``."""
    return get_job(session, context.team_id(), job_id).id


for name, parts in MOVES.items():
    _add_move(name, *parts)
