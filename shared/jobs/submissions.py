"""From a request to a queued job: everything that can be refused is refused here."""

import json
from dataclasses import dataclass
from hashlib import sha256

from sqlalchemy import select
from sqlalchemy.orm import Session

from shared.checkpoints.models import Checkpoint
from shared.checkpoints.queries import get_checkpoint
from shared.corpora.models import CorpusVersion
from shared.corpora.queries import get_corpus
from shared.errors import (
    CorpusTooShort,
    FieldProblem,
    InvalidFields,
    KeyReused,
    NotFound,
    UnknownPrompt,
)
from shared.fields import Spec
from shared.ids import new_id
from shared.jobs.models import Job, Kind
from shared.jobs.requests import GenerationRequest, TrainingRequest
from shared.jobs.services import submit
from shared.limits.models import LIMITS, Limits
from shared.limits.services import check_memory, check_outputs
from shared.models.models import NamedModel
from shared.models.queries import get_model, promoted_checkpoint
from shared.models.services import work_for
from shared.nodes.needs import NO_NEEDS
from shared.notices.services import check_receivers, tell_job
from shared.prompts import NO_EXCERPT, fit_prompt
from shared.said import said
from shared.specs import GenerationSpec, TrainingSpec


@dataclass(frozen=True)
class Submitter:
    """Whose job it is, what they may have, and how it is kept from being submitted twice or lost
    too often."""

    team_id: str
    max_losses: int = 3
    idempotency_key: str | None = None
    user_id: str | None = None
    limits: Limits = LIMITS


def submit_training(session: Session, who: Submitter, request: TrainingRequest) -> Job:
    """Queue a training job, or return the one that came with the same key and body.

    Raises ``InvalidFields``, ``CorpusTooShort``, ``UnknownPrompt``, ``KeyReused``,
    ``ModelTooLarge``, ``QuotaExceeded``.
    """
    if found := earlier(session, who, Kind.TRAIN, request):
        return found
    spec, version = request.spec(), _version(session, who, request)
    check_length(spec, version)
    start = request.from_checkpoint_id
    known = version.vocabulary
    if start is not None:
        checkpoint = _checkpoint(session, who, start, "from_checkpoint_id")
        check_start(checkpoint, spec)
        known += checkpoint.vocabulary
    if spec.sample_prompt is not None:
        fit_prompt(spec.sample_prompt, known)
    check_memory(session, spec, version.characters, len(set(known)), who.limits)
    return _submit(
        session,
        who,
        request,
        Job(
            kind=Kind.TRAIN,
            name=request.name or f"{version.corpus.name} · {request.preset}",
            preset=request.preset,
            spec=spec.stored(),
            corpus_version_id=version.id,
            checkpoint_id=start,
            priority=request.priority,
            progress={
                "epoch": 0,
                "epochs": spec.epochs,
                "step": 0,
                "steps": 0,
                "fraction": 0.0,
                "eta_seconds": None,
            },
        ),
    )


def submit_generation(session: Session, who: Submitter, request: GenerationRequest) -> Job:
    """Queue a generation job, or return the one that came with the same key and body.

    Raises ``InvalidFields``, ``UnknownPrompt``, ``KeyReused``, ``QuotaExceeded``.
    """
    if found := earlier(session, who, Kind.GENERATE, request):
        return found
    spec = request.spec()
    check_outputs(session, who.team_id, who.limits, spec)
    model, checkpoint = _writer(session, who, request)
    check_prompt(spec, checkpoint)
    trained = session.get_one(Job, checkpoint.job_id)
    job = _submit(
        session,
        who,
        request,
        Job(
            kind=Kind.GENERATE,
            name=request.name or f"{trained.name} · epoch {checkpoint.epoch}",
            preset=None,
            spec=spec.stored(),
            checkpoint_id=checkpoint.id,
            corpus_version_id=checkpoint.corpus_version_id,
            priority=request.priority,
            progress={
                "epoch": 0,
                "epochs": 0,
                "step": 0,
                "steps": spec.length * len(spec.temperatures()),
                "fraction": 0.0,
                "eta_seconds": None,
            },
        ),
    )
    if model is not None:
        work_for(session, model, job.id)
    return job


def check_prompt(spec: GenerationSpec, checkpoint: Checkpoint) -> None:
    """Raise ``UnknownPrompt`` where a model cannot read what it is to go on from."""
    if spec.prompt is not None:
        fit_prompt(spec.prompt, checkpoint.vocabulary)
    elif checkpoint.corpus_version_id is None:
        raise UnknownPrompt(NO_EXCERPT)


def check_length(spec: TrainingSpec, version: CorpusVersion) -> None:
    """Raise ``CorpusTooShort`` when the text cannot fill one window and its held-out part."""
    check_characters(spec, version.characters)


def check_characters(spec: TrainingSpec, characters: int, field: str = "corpus_id") -> None:
    """Raise ``CorpusTooShort``, of a field, when ``N`` characters are too few for a spec."""
    least = spec.least_characters()
    if characters < least:
        problem = FieldProblem(
            field,
            said(
                "the text has {count} characters; this spec needs {least}",
                count=characters,
                least=least,
            ),
            characters,
            said(
                "at least {least} characters for window {window} and "
                "validation_fraction {fraction}",
                least=least,
                window=spec.window,
                fraction=f"{spec.validation_fraction:g}",
            ),
        )
        raise CorpusTooShort(problem.message, [problem])


def _submit(
    session: Session, who: Submitter, request: TrainingRequest | GenerationRequest, job: Job
) -> Job:
    check_receivers(session, who.team_id, request.notify)
    job.needs_key = request.needs.key() if request.needs else NO_NEEDS
    submit(session, stamped(job, who, request), who.limits)
    tell_job(session, job.id, request.notify)
    return job


def stamped(job: Job, who: Submitter, request: Spec) -> Job:
    """Return a new job with its id, whose it is, and what tells it from others."""
    job.id, job.team_id, job.max_losses = new_id(), who.team_id, who.max_losses
    job.user_id = who.user_id
    job.idempotency_key = who.idempotency_key
    job.request_sha256 = _fingerprint(Kind(job.kind), request)
    return job


def earlier(session: Session, who: Submitter, kind: Kind, request: Spec) -> Job | None:
    """Return the job that came with the same key. Raises ``KeyReused`` for another body."""
    if who.idempotency_key is None:
        return None
    job = session.scalar(
        select(Job).where(Job.team_id == who.team_id, Job.idempotency_key == who.idempotency_key)
    )
    if job is not None and job.request_sha256 != _fingerprint(kind, request):
        raise KeyReused
    return job


def is_known_key(session: Session, who: Submitter) -> bool:
    """Tell whether some job of the team came with the submission's key."""
    if who.idempotency_key is None:
        return False
    its = (Job.team_id == who.team_id, Job.idempotency_key == who.idempotency_key)
    return session.scalar(select(Job.id).where(*its)) is not None


def _fingerprint(kind: Kind, request: Spec) -> str:
    body = json.dumps([kind, request.model_dump(mode="json")], sort_keys=True)
    return sha256(body.encode()).hexdigest()


def _version(session: Session, who: Submitter, request: TrainingRequest) -> CorpusVersion:
    try:
        corpus = get_corpus(session, who.team_id, request.corpus_id)
    except NotFound as error:
        raise InvalidFields.one(
            "corpus_id", error.args[0], request.corpus_id, said("the id of a corpus")
        ) from error
    if request.corpus_version_id is None:
        return corpus.latest_version
    for version in corpus.versions:
        if version.id == request.corpus_version_id:
            return version
    raise InvalidFields.one(
        "corpus_version_id",
        said("the corpus has no version {id}", id=request.corpus_version_id),
        request.corpus_version_id,
        said("the id of one of the corpus' versions"),
    )


def _writer(
    session: Session, who: Submitter, request: GenerationRequest
) -> tuple[NamedModel | None, Checkpoint]:
    """Return what writes: a model with its promoted checkpoint, or a checkpoint alone."""
    if (request.model is None) == (request.checkpoint_id is None):
        message = said("no checkpoint is named, and no model")
        if request.model is not None:
            message = said("the model {name} is named as well", name=repr(request.model))
        raise InvalidFields.one(
            "checkpoint_id",
            message,
            request.checkpoint_id,
            said("a checkpoint's id, or else a model"),
        )
    if request.checkpoint_id is not None:
        return None, _checkpoint(session, who, request.checkpoint_id, "checkpoint_id")
    try:
        model = get_model(session, who.team_id, request.model or "")
        return model, session.get_one(Checkpoint, promoted_checkpoint(model))
    except NotFound as error:
        raise InvalidFields.one(
            "model",
            error.args[0],
            request.model,
            said("the name of a model with a promoted checkpoint"),
        ) from error


def _checkpoint(session: Session, who: Submitter, checkpoint_id: str, field: str) -> Checkpoint:
    try:
        return get_checkpoint(session, who.team_id, checkpoint_id)
    except NotFound as error:
        raise InvalidFields.one(
            field, error.args[0], checkpoint_id, said("the id of a checkpoint")
        ) from error


def check_start(checkpoint: Checkpoint, spec: TrainingSpec) -> None:
    """Raise ``InvalidFields`` where the model that a run is to start from has another shape.

    Other characters are no hindrance: the run knows those of the model and those of its text.
    """
    trained = TrainingSpec.model_validate(checkpoint.spec)
    for field in ("cell", "units", "layers"):
        theirs, ours = getattr(trained, field), getattr(spec, field)
        if theirs != ours:
            raise InvalidFields.one(
                field,
                said("the checkpoint has {field} {value}", field=field, value=theirs),
                ours,
                str(theirs),
            )
