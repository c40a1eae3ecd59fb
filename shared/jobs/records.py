"""What a running job writes. Each write passes the fence of ``rows`` first."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from shared.blobs import StoredBlob, keep
from shared.checkpoints.services import NewCheckpoint, add_checkpoint, keep_state
from shared.db import now
from shared.ids import new_id
from shared.jobs.models import Epoch, Output, OutputPiece, Sample
from shared.jobs.rows import Lease, fence, happened

# Longer texts go to a blob: a job's page must not carry megabytes.
INLINE_BYTES = 64 * 1024
# Why a text ended that has not the length asked for.
CUT_SHORT = "cancelled"
# The event that tells which texts are begun anew: what was said of them before is void.
DISCARDED = "outputs_discarded"


@dataclass(frozen=True)
class NewSample:
    """Text drawn after an epoch; ``copying`` is what of it is copied, None if nobody looked."""

    temperature: float
    prompt: str
    text: str
    rng_seed: int
    copying: dict[str, Any] | None = None


@dataclass(frozen=True)
class NewOutput:
    """Text drawn by a generation job; exactly one of ``text`` and ``blob`` is set."""

    number: int
    temperature: float
    prompt: str
    prompt_report: dict[str, Any]
    characters: int
    rng_seed: int
    finish_reason: str
    text: str | None = None
    blob: StoredBlob | None = None
    copying: dict[str, Any] | None = None
    receipt: dict[str, Any] | None = None


def record_epoch(
    session: Session,
    lease: Lease,
    numbers: dict[str, Any],
    samples: Sequence[NewSample],
    checkpoint: NewCheckpoint,
    state: StoredBlob,
) -> None:
    """Write all that an epoch leaves, or nothing: so no epoch is ever doubled or half there.

    ``numbers`` are the columns of ``Epoch``. A finished epoch sets ``losses`` to 0.
    Done again after a commit whose answer was lost, it changes nothing. Raises ``LeaseLost``.
    """
    fence(session, lease)
    if session.get(Epoch, (lease.job_id, numbers["epoch"])):
        return
    job = happened(session, lease, "epoch", numbers, losses=0)
    own = {"attempt": lease.attempt, "worker": job.worker, "created_at": now()}
    session.add(Epoch(job_id=job.id, **own, **numbers))
    for sample in samples:
        row = _sample(lease, numbers["epoch"], sample)
        session.add(row)
        happened(session, lease, "sample", {"id": row.id, "epoch": row.epoch})
    stored = add_checkpoint(session, job, lease.attempt, numbers["epoch"], checkpoint)
    happened(session, lease, "checkpoint", {"id": stored.id, "epoch": stored.epoch})
    keep_state(session, job.id, lease.attempt, state)


def save_state(session: Session, lease: Lease, state: StoredBlob) -> None:
    """Replace the resume state. Raises ``LeaseLost``."""
    fence(session, lease)
    keep_state(session, lease.job_id, lease.attempt, state)


def drop_unfinished(session: Session, lease: Lease) -> set[int]:
    """Delete what an earlier attempt did not finish; return the numbers of the finished texts.

    Those are texts that were cut short, and pieces of texts. Raises ``LeaseLost``.
    """
    fence(session, lease)
    mine, pieces = Output.job_id == lease.job_id, OutputPiece.job_id == lease.job_id
    cut = delete(Output).where(mine, Output.finish_reason == CUT_SHORT).returning(Output.number)
    numbers = set(session.scalars(cut))
    numbers.update(session.scalars(select(OutputPiece.number).where(pieces).distinct()))
    session.execute(delete(OutputPiece).where(pieces))
    if numbers:
        happened(session, lease, DISCARDED, {"numbers": sorted(numbers)})
    return set(session.scalars(select(Output.number).where(mine)))


def record_output(session: Session, lease: Lease, output: NewOutput) -> None:
    """Write one output, unless it is there already. Raises ``LeaseLost``."""
    fence(session, lease)
    same = (Output.job_id == lease.job_id, Output.number == output.number)
    if session.scalar(select(Output.id).where(*same)):
        return
    if output.blob:
        keep(session, output.blob.id)
    row = Output(
        id=new_id(),
        job_id=lease.job_id,
        attempt=lease.attempt,
        number=output.number,
        temperature=output.temperature,
        prompt=output.prompt,
        prompt_report=output.prompt_report,
        text=output.text,
        blob_id=output.blob and output.blob.id,
        characters=output.characters,
        rng_seed=output.rng_seed,
        finish_reason=output.finish_reason,
        copying=output.copying,
        receipt=output.receipt,
        created_at=now(),
    )
    happened(
        session, lease, "output", {"id": row.id, "number": row.number, "characters": row.characters}
    )
    session.add(row)


def _sample(lease: Lease, epoch: int, sample: NewSample) -> Sample:
    return Sample(
        id=new_id(),
        job_id=lease.job_id,
        epoch=epoch,
        attempt=lease.attempt,
        temperature=sample.temperature,
        prompt=sample.prompt,
        text=sample.text,
        rng_seed=sample.rng_seed,
        copying=sample.copying,
        created_at=now(),
    )
