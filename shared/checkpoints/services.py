"""Checkpoints and resume states: stored with the epoch that made them, kept as the spec says."""

from dataclasses import dataclass
from math import inf
from typing import Any

from sqlalchemy import delete, exists, select, true, update
from sqlalchemy.orm import Session

from shared.blobs import StoredBlob, keep, without_grace
from shared.checkpoints.models import Checkpoint, ResumeState
from shared.db import now
from shared.errors import InUse
from shared.ids import new_id
from shared.jobs.models import Job
from shared.models.models import Decision, NamedModel
from shared.said import said

# How many jobs a refusal names.
NAMED = 3


@dataclass(frozen=True)
class NewCheckpoint:
    """A model that a running job has stored; losses in nats a character."""

    blob: StoredBlob
    vocabulary: str
    loss: float
    val_loss: float | None


def add_checkpoint(
    session: Session, job: Job, attempt: int, epoch: int, new: NewCheckpoint
) -> Checkpoint:
    """Add an epoch's checkpoint, mark the best one, and delete those that need not be kept."""
    keep(session, new.blob.id)
    row = Checkpoint(
        id=new_id(),
        job_id=job.id,
        epoch=epoch,
        attempt=attempt,
        loss=new.loss,
        val_loss=new.val_loss,
        best=False,
        bytes=new.blob.bytes,
        sha256=new.blob.sha256,
        blob_id=new.blob.id,
        vocabulary=new.vocabulary,
        spec=job.spec,
        corpus_version_id=job.corpus_version_id,
        created_at=now(),
    )
    session.add(row)
    session.flush()
    _mark_best(session, job.id)
    _drop_old(session, job.id, job.spec["keep_checkpoints"], job.spec.get("keep_every"))
    return row


def add_imported(
    session: Session,
    job: Job,
    attempt: int,
    blob: StoredBlob,
    vocabulary: str,
    spec: dict[str, Any],
) -> Checkpoint:
    """Add the one checkpoint of an import: nobody knows its losses, nor its text."""
    keep(session, blob.id)
    row = Checkpoint(
        id=new_id(), job_id=job.id, epoch=0, attempt=attempt, loss=None, val_loss=None, best=True,
        bytes=blob.bytes, sha256=blob.sha256, blob_id=blob.id, vocabulary=vocabulary, spec=spec,
        corpus_version_id=None, created_at=now(),
    )  # fmt: skip
    session.add(row)
    session.flush()
    return row


def keep_state(session: Session, job_id: str, attempt: int, state: StoredBlob) -> None:
    """Replace the job's resume state; the sweeper's next round takes the old one's bytes.

    Raises ``BlobMissing``.
    """
    without_grace(session, state.id)
    values: dict[str, Any] = {"attempt": attempt, "blob_id": state.id, "created_at": now()}
    result = session.execute(
        update(ResumeState).where(ResumeState.job_id == job_id).values(**values)
    )
    if result.rowcount == 0:  # type: ignore[attr-defined]
        session.add(ResumeState(job_id=job_id, **values))


def drop_state(session: Session, job_id: str) -> None:
    """Delete the job's resume state, if it has one."""
    session.execute(delete(ResumeState).where(ResumeState.job_id == job_id))


def check_unused(session: Session, job_id: str) -> None:
    """Refuse when another job works with a checkpoint of this one, or a model has promoted it.

    Raises ``InUse``.
    """
    made = select(Checkpoint.id).where(Checkpoint.job_id == job_id)
    model = session.scalar(select(NamedModel.name).where(NamedModel.checkpoint_id.in_(made)))
    if model is not None:
        raise InUse(
            said(
                "a checkpoint of this job is the model {model}: promote another one first",
                model=repr(model),
            )
        )
    query = select(Job.name).where(Job.checkpoint_id.in_(made), Job.id != job_id).order_by(Job.id)
    names = session.scalars(query).all()
    if names:
        shown = ", ".join(repr(name) for name in names[:NAMED])
        if len(names) > NAMED:
            raise InUse(
                said(
                    "jobs work with checkpoints of this one: delete {names} and {count} others "
                    "first",
                    names=shown,
                    count=len(names) - NAMED,
                )
            )
        raise InUse(
            said("jobs work with checkpoints of this one: delete {names} first", names=shown)
        )


def _mark_best(session: Session, job_id: str) -> None:
    """Mark the checkpoint with the lowest loss: the validation loss where there is one."""
    rows = session.scalars(select(Checkpoint).where(Checkpoint.job_id == job_id)).all()
    best = min(rows, key=lambda row: (_judged_by(row), row.epoch))
    for row in rows:
        row.best = row is best
    session.flush()


def _judged_by(row: Checkpoint) -> float:
    known = row.loss if row.val_loss is None else row.val_loss
    return inf if known is None else known


def _drop_old(session: Session, job_id: str, keep: int, every: int | None) -> None:
    """Delete all but the newest ``keep``, the best, those of every ``every``-th epoch, and those
    that another job works with or that a model's history tells of."""
    newest = (
        select(Checkpoint.id)
        .where(Checkpoint.job_id == job_id)
        .order_by(Checkpoint.epoch.desc())
        .limit(keep)
    )
    session.execute(
        delete(Checkpoint)
        .where(
            Checkpoint.job_id == job_id,
            Checkpoint.best.is_(False),
            Checkpoint.id.not_in(newest),
            Checkpoint.epoch % every != 0 if every else true(),
            ~exists().where(Job.checkpoint_id == Checkpoint.id),
            ~exists().where(Decision.checkpoint_id == Checkpoint.id),
        )
        .execution_options(synchronize_session=False)
    )
