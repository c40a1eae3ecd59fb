"""One row per thing that happened to a job, numbered without gaps; its listeners are woken."""

from typing import Any

from sqlalchemy.orm import Session

from shared.db import now, want_count, want_wake
from shared.jobs.models import Event, Job, Status
from shared.meters import MOVES

# An event of such a type tells that a job came to that status.
MOVE_TYPES = frozenset(Status)


def add_event(session: Session, job: Job, type_: str, data: dict[str, Any] | None = None) -> None:
    """Add an event whose number the job's row has just been given in this transaction.

    The caller has raised ``event_seq`` by a statement that locks the row: that is what makes the
    numbers gapless and unique, also between processes.
    """
    session.add(
        Event(job_id=job.id, seq=job.event_seq, type=type_, data=data or {}, created_at=now())
    )
    want_wake(session, job.id)
    if type_ in MOVE_TYPES:
        want_count(session, MOVES.labels(job.kind, str(type_)).inc)
