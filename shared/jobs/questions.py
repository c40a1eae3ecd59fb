"""From a question to a queued job that answers it."""

from sqlalchemy.orm import Session

from shared.blobs import StoredBlob
from shared.checkpoints.models import Checkpoint
from shared.checkpoints.queries import get_checkpoint
from shared.errors import InvalidFields, NotFound
from shared.fields import Spec
from shared.jobs.answers import INPUT, attach
from shared.jobs.models import Job, Kind
from shared.jobs.requests import Question, ScoreRequest, ScoreSpec, VerifyRequest
from shared.jobs.services import submit
from shared.jobs.submissions import Submitter, earlier, stamped
from shared.said import said

# Somebody waits for a short answer with a connection open, and it holds the next text up for a
# moment only: it goes first among its team's. A long one nobody waits for, and it takes its turn.
SHORT_CHARACTERS, SHORT_PRIORITY, LONG_PRIORITY = 100_000, 10, 0


def submit_scoring(
    session: Session, who: Submitter, request: ScoreRequest, stored: StoredBlob
) -> Job:
    """Queue the scoring of a stored text, or return the job that came with the same key and body.

    Raises ``NotFound``, ``KeyReused``, ``QuotaExceeded``.
    """
    if found := earlier(session, who, Kind.SCORE, request):
        return found
    checkpoint = get_checkpoint(session, who.team_id, request.checkpoint_id)
    trained = session.get_one(Job, checkpoint.job_id)
    spec = ScoreSpec(alternatives=request.alternatives)
    job = _job(checkpoint, request, spec, len(request.text))
    job.kind, job.name = Kind.SCORE, f"Score · {trained.name} · epoch {checkpoint.epoch}"
    return _ask(session, who, request, job, stored)


def submit_verification(
    session: Session, who: Submitter, request: VerifyRequest, stored: StoredBlob
) -> Job:
    """Queue the verification of a receipt, the whole request being stored as JSON.

    Raises ``InvalidFields`` where the checkpoint is gone, ``KeyReused``,
    ``QuotaExceeded``.
    """
    if found := earlier(session, who, Kind.VERIFY, request):
        return found
    checkpoint, receipt = check_receipt(session, who.team_id, request), request.receipt
    job = _job(checkpoint, request, request.spec(), receipt.characters)
    job.kind, job.name = Kind.VERIFY, f"Verify · text {receipt.number} of job {receipt.job_id}"
    return _ask(session, who, request, job, stored)


def check_receipt(session: Session, team_id: str, request: VerifyRequest) -> Checkpoint:
    """Return the checkpoint that a receipt names. Raises ``InvalidFields`` where it is gone."""
    checkpoint_id = request.receipt.checkpoint_id
    try:
        return get_checkpoint(session, team_id, checkpoint_id)
    except NotFound as error:
        raise InvalidFields.one(
            "receipt.checkpoint_id",
            said("the checkpoint that wrote the text is not here, so it cannot be written again"),
            checkpoint_id,
            said("the id of a checkpoint that is stored"),
        ) from error


def _job(checkpoint: Checkpoint, request: Question, spec: Spec, characters: int) -> Job:
    usual = SHORT_PRIORITY if characters <= SHORT_CHARACTERS else LONG_PRIORITY
    return Job(
        preset=None,
        spec=spec.stored(),
        checkpoint_id=checkpoint.id,
        corpus_version_id=checkpoint.corpus_version_id,
        priority=usual if request.priority is None else request.priority,
        progress={
            "epoch": 0,
            "epochs": 0,
            "step": 0,
            "steps": characters,
            "fraction": 0.0,
            "eta_seconds": None,
        },
    )


def _ask(session: Session, who: Submitter, request: Spec, job: Job, stored: StoredBlob) -> Job:
    submit(session, stamped(job, who, request), who.limits)
    attach(session, job.id, INPUT, stored.id)
    return job
