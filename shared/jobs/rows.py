"""The one UPDATE that every move and every write of a running job is: guarded, and numbered."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import update
from sqlalchemy.orm import Session
from sqlalchemy.sql.elements import ColumnElement

from shared.db import want_wake
from shared.errors import LeaseLost
from shared.events import add_event
from shared.jobs.models import Job, Status


@dataclass(frozen=True)
class Lease:
    """A worker's right to a job: ``attempt`` is its fencing number."""

    job_id: str
    attempt: int


def change(session: Session, *where: ColumnElement[bool], **values: Any) -> list[Job]:
    """Change the jobs that match, taking the next event number, and return them as they are."""
    statement = (
        update(Job).where(*where).values(event_seq=Job.event_seq + 1, **values).returning(Job)
    )
    options = {"populate_existing": True, "synchronize_session": False}
    return list(session.scalars(statement, execution_options=options).all())


def held(lease: Lease) -> tuple[ColumnElement[bool], ...]:
    """Return what is true of a job's row while its lease is this one."""
    return (Job.id == lease.job_id, Job.attempt == lease.attempt, Job.status == Status.RUNNING)


def fence(session: Session, lease: Lease, **values: Any) -> str | None:
    """Lock a running job's row for this transaction, with changes to it but without an event.

    Of its progress the listeners are told. Returns what was requested meanwhile. Raises
    ``LeaseLost``.
    """
    statement = update(Job).where(*held(lease)).values(attempt=lease.attempt, **values)
    row = session.execute(statement.returning(Job.requested)).one_or_none()
    if row is None:
        raise lease_lost(lease)
    if "progress" in values:
        want_wake(session, lease.job_id)
    requested: str | None = row[0]
    return requested


def lease_lost(lease: Lease) -> LeaseLost:
    """Return the refusal of an old attempt."""
    return LeaseLost(f"job {lease.job_id} is no longer attempt {lease.attempt}'s to write")


def happened(
    session: Session, lease: Lease, type_: str, data: dict[str, Any], **values: Any
) -> Job:
    """Add an event to a running job, with changes to its row. Raises ``LeaseLost``.

    The row's lock is the fence that every write of a running job passes first.
    """
    jobs = change(session, *held(lease), **values)
    if not jobs:
        raise lease_lost(lease)
    add_event(session, jobs[0], type_, data)
    return jobs[0]
