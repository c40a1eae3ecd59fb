"""What the address fills into the form of a training job."""

from dataclasses import dataclass

from flask import request
from sqlalchemy import select
from sqlalchemy.orm import Session

from shared.checkpoints.models import Checkpoint
from shared.checkpoints.queries import get_checkpoint
from shared.corpora.queries import get_version
from shared.errors import NotFound
from shared.jobs.models import Job, Kind
from shared.jobs.queries import get_job
from shared.jobs.requests import TrainingRequest
from shared.nodes.needs import told
from shared.notices.models import JobReceiver
from shared.specs import PRESETS, TrainingSpec
from web.context import team_id
from web.pages import reading
from web.pages.forms import SEVERAL, Form
from web.pages.presets import DEFAULT_PRESET, RECOMMENDED_PRESET
from web.pages.submitting import fresh_once
from web.pages.typed import typed_of, typed_over

# What a run must have as the model that it goes on from.
SHAPE = ("cell", "units", "layers")


@dataclass(frozen=True)
class Start:
    """The checkpoint that a run goes on from, and the job that left it."""

    checkpoint: Checkpoint
    job: Job

    @property
    def shape(self) -> dict[str, str]:
        """The fields that must be equal, with their values."""
        spec = TrainingSpec.model_validate(self.checkpoint.spec)
        return {name: str(getattr(spec, name)) for name in SHAPE}


def filled_in(session: Session) -> dict[str, str]:
    """Return the fields that the address fills in: what it names, and fields by their own names.

    ``clone`` names a job, ``checkpoint`` a model to go on from, ``corpus`` and ``version`` a text.
    """
    typed = {"once": fresh_once(), "preset": RECOMMENDED_PRESET}
    for name, fill in (("clone", _clone), ("checkpoint", _going_on), ("version", _version)):
        if wanted := request.args.get(name):
            try:
                typed |= fill(session, wanted)
            except NotFound:
                continue
    if corpus := request.args.get("corpus"):
        typed["corpus_id"] = corpus
    return typed | _own_fields()


def cloned(session: Session, job_id: str) -> Job | None:
    """Return the training job of that id, if there is one."""
    try:
        job = get_job(session, team_id(), job_id)
    except NotFound:
        return None
    return job if job.kind == Kind.TRAIN else None


def start_of(session: Session, form: Form) -> Start | None:
    """Return what the form's run goes on from, or None where it starts afresh."""
    wanted = form.value("from_checkpoint_id")
    if not wanted:
        return None
    try:
        row = get_checkpoint(session, team_id(), wanted)
    except NotFound:
        return None
    return Start(row, session.get_one(Job, row.job_id))


def _own_fields() -> dict[str, str]:
    """Return the fields of the form that the address names by themselves."""
    return {name: text for name in TrainingRequest.model_fields if (text := request.args.get(name))}


def _clone(session: Session, job_id: str) -> dict[str, str]:
    """Return what one would have typed to submit a job: what differs from its preset."""
    job = cloned(session, job_id)
    if job is None:
        raise NotFound
    typed = _spec(job.spec, job.preset) | _text(session, job.corpus_version_id)
    receivers = select(JobReceiver.receiver_id).where(JobReceiver.job_id == job.id)
    return (
        typed
        | typed_of({"needs": told(job.needs_key)})
        | {
            "priority": str(job.priority or ""),
            "from_checkpoint_id": job.checkpoint_id or "",
            "notify": SEVERAL.join(session.scalars(receivers.order_by(JobReceiver.receiver_id))),
            "name": "" if _is_made(session, job) else job.name,
        }
    )


def _going_on(session: Session, checkpoint_id: str) -> dict[str, str]:
    """Return the fields of a run that goes on from a checkpoint: its recipe, text and shape."""
    row = get_checkpoint(session, team_id(), checkpoint_id)
    job = session.get_one(Job, row.job_id)
    spec = TrainingSpec.model_validate(row.spec)
    shape = {name: str(getattr(spec, name)) for name in (*SHAPE, "window")}
    typed = _spec(row.spec, job.preset) | _text(session, row.corpus_version_id) | shape
    return typed | {"from_checkpoint_id": row.id}


def _version(session: Session, version_id: str) -> dict[str, str]:
    found = get_version(session, team_id(), version_id)
    return {"corpus_id": found.corpus_id, "corpus_version_id": found.id}


def _spec(stored: dict[str, object], preset: str | None) -> dict[str, str]:
    name = preset if preset in PRESETS else DEFAULT_PRESET
    spec = TrainingSpec.model_validate(stored)
    return {"preset": name} | typed_over(spec.model_dump(), PRESETS[name].model_dump())


def _text(session: Session, version_id: str | None) -> dict[str, str]:
    """Return the corpus of a version, with the version where there is a newer one."""
    version, corpus = reading.text_of(session, version_id)
    if version is None or corpus is None:
        return {}
    newest = version.number == corpus.latest_version.number
    return {"corpus_id": corpus.id, "corpus_version_id": "" if newest else version.id}


def _is_made(session: Session, job: Job) -> bool:
    """Whether the job's name was made from its text and its preset."""
    _, corpus = reading.version_and_corpus(session, job.corpus_version_id or "")
    return job.name == f"{corpus.name} · {job.preset}"
