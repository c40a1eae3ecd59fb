"""What belongs to a training job's page: its chart, its samples, and the question before a stop."""

from typing import Any

from apiflask import APIBlueprint
from flask import Response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from shared.corpora.models import CorpusVersion
from shared.errors import NotFound
from shared.jobs.models import ENDED, Job, Kind, Sample
from shared.jobs.queries import get_job
from shared.jobs.stars import star as set_star
from shared.said import said
from web.api.writing import write
from web.context import services, team_id
from web.pages import reading
from web.pages.cards import epoch_card, grid_rows, sample_card, sample_cell
from web.pages.losses import losses_of
from web.pages.preferences import safe_path
from web.pages.state import state_of

runs = APIBlueprint("runs", __name__, url_prefix="/jobs/<job_id>", enable_openapi=False)

# The largest number that PostgreSQL compares with an integer column.
MOST_EPOCH = 2**31 - 1


@runs.get("/cancel")
def stop(job_id: str) -> ResponseReturnValue:
    """Ask whether a job is to stop, saying what is kept and what is lost."""
    with services().db.read() as session:
        job = get_job(session, team_id(), job_id)
        left = reading.left_by(session, job.id)
    if job.status in ENDED or job.requested == "cancel":
        return redirect(url_for("pages.jobs.show", job_id=job_id), 303)
    return render_template("job_cancel.html", job=job, state=state_of(job), left=left)


@runs.get("/losses.json")
def losses(job_id: str) -> dict[str, Any]:
    """Send what the epochs came to, for the chart of another job."""
    with services().db.read() as session:
        job = _training_job(session, job_id)
        return {"name": job.name, **losses_of(session, job.id)}


@runs.get("/epochs")
def epochs(job_id: str) -> str:
    """Show the numbers of the epochs, the newest first, some at a time."""
    with services().db.read() as session:
        job = _training_job(session, job_id)
        rows = [epoch_card(row) for row in reading.newest_epochs(session, job.id, _before())]
    more = bool(rows) and rows[-1]["epoch"] != "1"
    return render_template("job_epochs.html", job=job, rows=rows, more=more, before=_before())


@runs.get("/samples")
def samples(job_id: str) -> str:
    """Show samples, the newest first, some epochs at a time; or the starred ones alone."""
    starred = request.args.get("starred") == "true"
    with services().db.read() as session:
        job = _training_job(session, job_id)
        found, more = reading.grid_samples(session, job.id, before=_before(), starred=starred)
        rows = grid_rows(found, _version(session, job))
    return render_template(
        "job_samples.html", job=job, rows=rows, more=more, before=_before(), starred=starred
    )


@runs.get("/samples/<sample_id>")
def sample(job_id: str, sample_id: str) -> str:
    """Show a sample alone, for reading and for printing."""
    with services().db.read() as session:
        job = _training_job(session, job_id)
        row = reading.get_sample(session, job.id, sample_id)
        beside = reading.beside(session, row)
        card = _whole(row, _version(session, job))
    return render_template("job_sample.html", job=job, row=row, card=card, **beside)


@runs.post("/samples/<sample_id>/star")
def star(job_id: str, sample_id: str) -> Response:
    """Star a sample, or take its star away, and go back to where that was asked for."""
    starred = request.form.get("starred") == "yes"
    write(lambda session: _set_star(session, job_id, sample_id, starred))
    home = url_for("pages.jobs.show", job_id=job_id)
    return redirect(f"{safe_path(request.form.get('back') or home)}#sample-{sample_id}", 303)  # type: ignore[return-value]


def _set_star(session: Session, job_id: str, sample_id: str, starred: bool) -> None:
    reading.get_sample(session, job_id, sample_id)
    set_star(session, team_id(), sample_id, starred)


def _whole(row: Sample, version: CorpusVersion) -> dict[str, Any]:
    return sample_cell(row, version) | sample_card(row, version)


def _version(session: Session, job: Job) -> CorpusVersion:
    return reading.version_and_corpus(session, job.corpus_version_id or "")[0]


def _training_job(session: Session, job_id: str) -> Job:
    job = get_job(session, team_id(), job_id)
    if job.kind != Kind.TRAIN:
        raise NotFound(said("job {id} is no training job", id=job_id))
    return job


def _before() -> int | None:
    before = request.args.get("before", type=int)
    return None if before is None else max(1, min(before, MOST_EPOCH))
