"""Jobs: the list, one with all it leaves, its moves, its end and its downloads."""

from math import log
from typing import Any

from apiflask import APIBlueprint
from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from shared.architecture import layers_of
from shared.checkpoints.models import Checkpoint
from shared.errors import InUse, MoveRefused, NotFound
from shared.fields import Spec
from shared.jobs import services as moves
from shared.jobs.imports import ImportSpec
from shared.jobs.models import ENDED, Job, Kind, Status
from shared.jobs.queries import get_job, list_jobs
from shared.jobs.requests import ScoreSpec, VerifySpec
from shared.said import said
from shared.specs import GenerationSpec, TrainingSpec
from web import downloads
from web.api.writing import within_limits, write
from web.context import services, team_id
from web.messages import _
from web.pages import reading, words
from web.pages.cards import checkpoint_card, epoch_card, event_card, grid_rows
from web.pages.facts import facts_of
from web.pages.failures import cures_of
from web.pages.live import MOST_NUMBER
from web.pages.losses import losses_of, other_runs
from web.pages.paging import asked_after
from web.pages.parts import asked_for_part, unless_known
from web.pages.scores import LEGEND, coloured, surprises
from web.pages.state import WORDS, state_of
from web.pages.words import KINDS
from web.pages.writings import cards_of, columns_of, verdict
from web.recalled import translated

jobs = APIBlueprint("jobs", __name__, url_prefix="/jobs", enable_openapi=False)

PAGE = 30
MOST = {
    "epochs": reading.MOST_EPOCHS,
    "samples": reading.MOST_GRID,
    "outputs": reading.MOST_OUTPUTS,
}
ANSWER_SPECS: dict[Kind, type[Spec]] = {Kind.SCORE: ScoreSpec, Kind.VERIFY: VerifySpec}
MOVES = {
    "cancel": moves.cancel,
    "pause": moves.pause,
    "resume": within_limits(moves.resume),
    "retry": within_limits(moves.retry),
}


@jobs.get("")
def index() -> ResponseReturnValue:
    """List the jobs, newest first."""
    kind = _one_of(request.args.get("kind"), list(Kind))
    status = _one_of(request.args.get("status"), list(Status))
    after = asked_after()
    # Answers are many and small: they are shown to who asks for them.
    answers = kind is not None
    with services().db.read() as session:
        page = list_jobs(
            session, team_id(), kind=kind, status=status, answers=answers, after=after, limit=PAGE
        )
    rows = [(job, state_of(job)) for job in page.data]
    shown = {"rows": rows, "page": page, "after": after, "kind": kind, "status": status}
    if asked_for_part():
        return unless_known(render_template("_jobs_live.html", **shown))
    return render_template("jobs.html", kinds=KINDS, statuses=WORDS, **shown)


@jobs.get("/<job_id>")
def show(job_id: str) -> ResponseReturnValue:
    """Show a job."""
    return _page(job_id)


@jobs.post("/<job_id>/<any(cancel, pause, resume, retry):move>")
def move(job_id: str, move: str) -> ResponseReturnValue:
    """Move a job, or show why it cannot be moved."""
    try:
        write(lambda session: MOVES[move](session, get_job(session, team_id(), job_id).id))
    except MoveRefused as error:
        return _page(job_id, str(error)), error.status
    return redirect(url_for(".show", job_id=job_id), 303)


@jobs.get("/<job_id>/delete")
def confirm(job_id: str) -> ResponseReturnValue:
    """Ask whether an ended job is to go, saying what goes with it."""
    with services().db.read() as session:
        job = get_job(session, team_id(), job_id)
        left = reading.left_by(session, job.id)
    if job.status not in ENDED:
        return redirect(url_for(".show", job_id=job_id), 303)
    return render_template("job_delete.html", job=job, left=left)


@jobs.post("/<job_id>/delete")
def delete(job_id: str) -> ResponseReturnValue:
    """Delete an ended job, or show why not."""
    try:
        name = write(lambda session: _delete(session, job_id))
    except (MoveRefused, InUse) as error:
        refusal = _("it was not deleted: %(reason)s", reason=translated(error.args[0]))
        return _page(job_id, refusal), error.status
    flash(_("%(name)s is deleted.", name=name))
    return redirect(url_for(".index"), 303)


@jobs.get("/<job_id>/output.txt")
def output_txt(job_id: str) -> ResponseReturnValue:
    """Send the generated characters alone: all texts, or the one of ``number``."""
    number = request.args.get("number", type=int)
    if number is not None and not 0 < number <= MOST_NUMBER:
        raise NotFound(said("the job has no output {number}", number=number))
    return downloads.output_txt(services(), job_id, number)


@jobs.get("/<job_id>/output.jsonl")
def output_jsonl(job_id: str) -> ResponseReturnValue:
    """Send the generated texts, a JSON object a line."""
    return downloads.output_jsonl(services(), job_id)


@jobs.get("/<job_id>/samples.txt")
def samples_txt(job_id: str) -> ResponseReturnValue:
    """Send the samples of a training job, or those with a star."""
    return downloads.samples_txt(services(), job_id, _starred())


@jobs.get("/<job_id>/samples.jsonl")
def samples_jsonl(job_id: str) -> ResponseReturnValue:
    """Send the samples of a training job, or those with a star, a JSON object a line."""
    return downloads.samples_jsonl(services(), job_id, _starred())


def _starred() -> bool | None:
    return True if request.args.get("starred") == "true" else None


def _delete(session: Session, job_id: str) -> str:
    job = get_job(session, team_id(), job_id)
    moves.delete(session, job.id)
    return job.name


def _page(job_id: str, refusal: str | None = None) -> str:
    with services().db.read() as session:
        job = get_job(session, team_id(), job_id)
        shown = SHOWN[Kind(job.kind)](session, job)
        version, corpus = reading.text_of(session, job.corpus_version_id)
        events = [event_card(row) for row in reading.newest_events(session, job.id)]
    return render_template(
        "job.html", job=job, state=state_of(job), refusal=refusal,
        version=version, corpus=corpus, events=events, most=MOST, cures=cures_of(job), **shown,
    )  # fmt: skip


def _training(session: Session, job: Job) -> dict[str, Any]:
    """Return what the page of a training job shows besides."""
    version, _ = reading.version_and_corpus(session, job.corpus_version_id or "")
    spec = TrainingSpec.model_validate(job.spec)
    samples, more = reading.grid_samples(session, job.id)
    start = session.get(Checkpoint, job.checkpoint_id) if job.checkpoint_id else None
    return {
        "epochs": [epoch_card(row) for row in reading.newest_epochs(session, job.id)],
        "losses": losses_of(session, job.id),
        "others": other_runs(session, job),
        "samples": grid_rows(samples, version),
        "more_samples": more,
        "checkpoints": [checkpoint_card(r) for r in reading.shown_checkpoints(session, job.id)],
        "layers": layers_of(spec, version.vocabulary_size),
        "blind": log(version.vocabulary_size),
        "spec": spec,
        "facts": facts_of(spec, job.preset),
        "start": start,
    }


def _generation(session: Session, job: Job) -> dict[str, Any]:
    """Return what the page of a generation job shows besides."""
    checkpoint = session.get_one(Checkpoint, job.checkpoint_id)
    version, _ = reading.text_of(session, job.corpus_version_id)
    spec = GenerationSpec.model_validate(job.spec)
    cards = cards_of(services().db, session, job, version)
    return {
        "outputs": cards,
        "written": max((int(card["key"]) for card in cards if card.get("whole")), default=0),
        "texts_in_all": len(spec.temperatures()),
        "columns": columns_of(spec),
        "spec": spec,
        "facts": facts_of(spec, but=("prompt",)),
        "writer": checkpoint,
        "trained": session.get_one(Job, checkpoint.job_id),
    }


def _answer(session: Session, job: Job) -> dict[str, Any]:
    """Return what the page of a job that answers shows besides."""
    checkpoint = session.get_one(Checkpoint, job.checkpoint_id)
    answer = reading.answer(services().db, session, job)
    scores = answer.get("scores", []) if answer else []
    return {
        "answer": answer,
        "parts": coloured(scores),
        "surprises": surprises(scores),
        "legend": LEGEND,
        "verdict": verdict(answer) if answer and job.kind == Kind.VERIFY else "",
        "spec": (spec := ANSWER_SPECS[Kind(job.kind)].model_validate(job.spec)),
        "facts": facts_of(spec),
        "writer": checkpoint,
        "trained": session.get_one(Job, checkpoint.job_id),
    }


def _import(session: Session, job: Job) -> dict[str, Any]:
    """Return what the page of an import shows besides."""
    spec = ImportSpec.model_validate(job.spec)
    made = reading.shown_checkpoints(session, job.id)
    shapes = [TrainingSpec.model_validate(row.spec) for row in made]
    return {
        "checkpoints": [checkpoint_card(row) for row in made],
        "layers": [layers_of(shape, len(row.vocabulary))
                   for shape, row in zip(shapes, made, strict=True)],
        "sizes": [len(row.vocabulary) for row in made],
        "characters": [words.visible(row.vocabulary) for row in made],
        "spec": spec,
        "facts": facts_of(spec, but=("vocabulary",)),
    }  # fmt: skip


SHOWN = {
    Kind.TRAIN: _training,
    Kind.GENERATE: _generation,
    Kind.SCORE: _answer,
    Kind.VERIFY: _answer,
    Kind.IMPORT: _import,
}


def _one_of(value: str | None, values: list[Any]) -> str | None:
    return value if value in values else None
