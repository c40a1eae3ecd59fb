"""What the tables say of all jobs, to be compared with the model."""

import time
from typing import Any

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from shared.checkpoints.models import Checkpoint, ResumeState
from shared.jobs.models import Epoch, Event, Job, Output, OutputPiece, Sample

NUMBERED = {
    "epochs": (Epoch.job_id, Epoch.epoch),
    "samples": (Sample.job_id, Sample.epoch),
    "outputs": (Output.job_id, Output.number),
    "pieces": (OutputPiece.job_id, OutputPiece.number),
    "checkpoints": (Checkpoint.job_id, Checkpoint.epoch),
}


def pictures(session: Session) -> dict[str, dict[str, Any]]:
    """Return what the tables say of each job; a row of no job and a gap fail."""
    found = {job.id: _picture(job) for job in session.scalars(select(Job))}
    for event in session.scalars(select(Event).order_by(Event.job_id, Event.seq)):
        events = found[event.job_id]["events"]
        events.append(event.type)
        assert event.seq == len(events), f"event {event.seq} is number {len(events)}"
    for name, (owner, number) in NUMBERED.items():
        for job_id, value in session.execute(select(owner, number).order_by(number)):
            found[job_id][name].append(value)
    for job_id in session.scalars(select(ResumeState.job_id)):
        found[job_id]["has_state"] = True
    return found


def checkpoint_id(session: Session, job_id: str, epoch: int) -> str:
    """Return the id of an epoch's checkpoint."""
    query = select(Checkpoint.id).where(Checkpoint.job_id == job_id, Checkpoint.epoch == epoch)
    return session.scalars(query).one()


def clear(session: Session) -> None:
    """Delete all jobs with all they left."""
    session.execute(update(Job).values(checkpoint_id=None))
    session.execute(delete(Job))


def _picture(job: Job) -> dict[str, Any]:
    columns = (
        *("max_losses", "status", "requested", "attempt", "losses"),
        *("worker", "error_code", "event_seq"),
    )
    return {
        **{name: getattr(job, name) for name in columns},
        **{name: [] for name in ("events", *NUMBERED)},
        "has_lease": job.lease_until is not None,
        "late": job.lease_until is not None and job.lease_until < time.time(),
        "has_ended": job.finished_at is not None,
        "has_state": False,
    }
