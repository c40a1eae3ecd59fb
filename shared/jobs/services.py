"""Every move of a job, one guarded function each, with its event row in the same transaction.

Only this module changes a job's status. A move is one UPDATE whose WHERE holds what must be
true; where no row matched, the move is refused. ``attempt`` fences: a worker whose lease went
to another can write nothing more.

    submit -> queued             claim     queued -> running        renew   running
    succeed, fail                running -> succeeded, failed
    hand_back                    running -> queued (cancelled, paused when that was requested)
    expire                       running -> queued, failed (likewise)
    cancel, pause                queued -> at once; running -> when its worker stops
    resume, retry                paused; failed, cancelled -> queued
"""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session
from sqlalchemy.sql.elements import ColumnElement

from shared.db import database_time, now, want_ticket
from shared.errors import LeaseLost, MoveRefused, NotFound
from shared.events import add_event
from shared.jobs.models import ENDED, Job, Status

# How far apart one team's waiting jobs are spread in the order of claims: in that time other
# teams' jobs get their turn.
FAIR_SECONDS = 60.0


@dataclass(frozen=True)
class Lease:
    """A worker's right to a job: ``attempt`` is its fencing number."""

    job_id: str
    attempt: int


def submit(session: Session, job: Job) -> Job:
    """Queue a new job and ask for a ticket. Raises nothing: the spec was validated before."""
    job.status, job.requested = Status.QUEUED, None
    job.attempt = job.losses = job.event_seq = 0
    job.fair_at = _fair_at(session, job)
    job.created_at, job.started_at, job.finished_at = now(), None, None
    session.add(job)
    session.flush()
    (job,) = _update(session, Job.id == job.id)
    add_event(session, job, "queued")
    want_ticket(session, job.kind)
    return job


def claim(session: Session, kind: str, worker: str, lease_seconds: float) -> Job | None:
    """Take the best queued job of a queue, or None: then the ticket was spare."""
    best = (
        select(Job.id)
        .where(Job.status == Status.QUEUED, Job.kind == kind)
        .order_by(Job.priority.desc(), Job.fair_at, Job.id)
        .limit(1)
        .with_for_update(skip_locked=True)
        .scalar_subquery()
    )
    jobs = _update(
        session,
        Job.id == best,
        Job.status == Status.QUEUED,
        status=Status.RUNNING,
        attempt=Job.attempt + 1,
        worker=worker,
        lease_until=database_time() + lease_seconds,
        started_at=func.coalesce(Job.started_at, now()),
    )
    for job in jobs:
        add_event(session, job, "running", {"attempt": job.attempt, "worker": worker})
    return jobs[0] if jobs else None


def renew(session: Session, lease: Lease, lease_seconds: float) -> str | None:
    """Prolong a lease, also a late one that nobody took; return what was requested meanwhile.

    Raises ``LeaseLost``.
    """
    row = session.execute(
        update(Job)
        .where(*_held(lease))
        .values(lease_until=database_time() + lease_seconds)
        .returning(Job.requested)
    ).one_or_none()
    if row is None:
        raise _lost(lease)
    return row[0]


def report_progress(session: Session, lease: Lease, progress: dict[str, Any]) -> str | None:
    """Store the progress; return what was requested meanwhile. Raises ``LeaseLost``."""
    row = session.execute(
        update(Job).where(*_held(lease)).values(progress=progress).returning(Job.requested)
    ).one_or_none()
    if row is None:
        raise _lost(lease)
    return row[0]


def happened(
    session: Session, lease: Lease, type_: str, data: dict[str, Any], **values: Any
) -> Job:
    """Add an event to a running job, with changes to its row. Raises ``LeaseLost``.

    Every write of a running job passes here first: the row's lock is its fence.
    """
    jobs = _update(session, *_held(lease), **values)
    if not jobs:
        raise _lost(lease)
    add_event(session, jobs[0], type_, data)
    return jobs[0]


def succeed(session: Session, lease: Lease) -> Job:
    """End a job well; this beats a cancel that came too late. Raises ``LeaseLost``."""
    return _leave(session, lease, Status.SUCCEEDED, progress=_finished(session, lease))


def fail(session: Session, lease: Lease, code: str, message: str) -> Job:
    """End a job with an error. Raises ``LeaseLost``."""
    return _leave(
        session,
        lease,
        Status.FAILED,
        {"code": code, "message": message},
        error_code=code,
        error_message=message,
    )


def hand_back(session: Session, lease: Lease) -> Job:
    """Give up a running job whose state is saved: queued again, or as was requested.

    Raises ``LeaseLost``.
    """
    job = session.get(Job, lease.job_id, populate_existing=True, with_for_update=True)
    if job is None:
        raise _lost(lease)
    return _leave(session, lease, _after_stop(job), {"reason": "handed back"})


def expire(session: Session) -> list[Job]:
    """Take back every running job whose lease ran out; return them."""
    late = (Job.status == Status.RUNNING, Job.lease_until < database_time())
    ids = session.scalars(select(Job.id).where(*late).with_for_update(skip_locked=True)).all()
    return [_expire_one(session, job_id) for job_id in ids]


def cancel(session: Session, job_id: str) -> Job:
    """End a waiting job, or ask a running one's worker to. Raises ``MoveRefused``."""
    return _stop(session, job_id, "cancel", Status.CANCELLED, (Status.QUEUED, Status.PAUSED))


def pause(session: Session, job_id: str) -> Job:
    """Hold a waiting job, or ask a running one's worker to. Raises ``MoveRefused``."""
    return _stop(session, job_id, "pause", Status.PAUSED, (Status.QUEUED,))


def resume(session: Session, job_id: str) -> Job:
    """Queue a paused job again. Raises ``MoveRefused``."""
    return _queue_again(session, job_id, "resume", (Status.PAUSED,))


def retry(session: Session, job_id: str) -> Job:
    """Queue a failed or cancelled job again, from its resume state. Raises ``MoveRefused``."""
    return _queue_again(
        session,
        job_id,
        "retry",
        (Status.FAILED, Status.CANCELLED),
        losses=0,
        error_code=None,
        error_message=None,
        finished_at=None,
    )


def _update(session: Session, *where: ColumnElement[bool], **values: Any) -> list[Job]:
    """Change the jobs that match, taking the next event number, and return them as they are."""
    statement = (
        update(Job).where(*where).values(event_seq=Job.event_seq + 1, **values).returning(Job)
    )
    options = {"populate_existing": True, "synchronize_session": False}
    return list(session.scalars(statement, execution_options=options).all())


def _held(lease: Lease) -> tuple[ColumnElement[bool], ...]:
    return (Job.id == lease.job_id, Job.attempt == lease.attempt, Job.status == Status.RUNNING)


def _lost(lease: Lease) -> LeaseLost:
    return LeaseLost(f"job {lease.job_id} is no longer attempt {lease.attempt}'s to write")


def _leave(
    session: Session,
    lease: Lease,
    status: Status,
    data: dict[str, Any] | None = None,
    **values: Any,
) -> Job:
    """Move a held job out of ``running``."""
    if status in ENDED:
        values["finished_at"] = now()
    jobs = _update(
        session,
        *_held(lease),
        status=status,
        requested=None,
        lease_until=None,
        worker=None,
        **values,
    )
    if not jobs:
        raise _lost(lease)
    add_event(session, jobs[0], status, data)
    if status is Status.QUEUED:
        want_ticket(session, jobs[0].kind)
    return jobs[0]


def _after_stop(job: Job) -> Status:
    """Return where a job goes that stops running without an end of its own."""
    requested = {"cancel": Status.CANCELLED, "pause": Status.PAUSED}
    return requested[job.requested] if job.requested else Status.QUEUED


def _expire_one(session: Session, job_id: str) -> Job:
    job = session.get_one(Job, job_id, populate_existing=True)
    lease, losses, status = Lease(job.id, job.attempt), job.losses + 1, _after_stop(job)
    data = {"reason": "lease ran out", "worker": job.worker, "losses": losses}
    if status is Status.QUEUED and losses >= job.max_losses:
        message = (
            f"the worker was lost {losses} times without a finished epoch between "
            f"(limit {job.max_losses}): out of memory, most likely"
        )
        data |= {"code": "worker_lost", "message": message}
        return _leave(
            session,
            lease,
            Status.FAILED,
            data,
            losses=losses,
            error_code="worker_lost",
            error_message=message,
        )
    return _leave(session, lease, status, data, losses=losses)


def _stop(session: Session, job_id: str, move: str, to: Status, at_once: tuple[Status, ...]) -> Job:
    values = {"finished_at": now()} if to in ENDED else {}
    jobs = _update(
        session, Job.id == job_id, Job.status.in_(at_once), status=to, requested=None, **values
    )
    if jobs:
        add_event(session, jobs[0], to)
        return jobs[0]
    jobs = _update(session, Job.id == job_id, Job.status == Status.RUNNING, requested=move)
    if not jobs:
        raise _refusal(session, job_id, move, (*at_once, Status.RUNNING))
    add_event(session, jobs[0], "requested", {"move": move})
    return jobs[0]


def _queue_again(
    session: Session, job_id: str, move: str, allowed: tuple[Status, ...], **values: Any
) -> Job:
    jobs = _update(
        session,
        Job.id == job_id,
        Job.status.in_(allowed),
        status=Status.QUEUED,
        requested=None,
        **values,
    )
    if not jobs:
        raise _refusal(session, job_id, move, allowed)
    add_event(session, jobs[0], "queued", {"reason": move})
    want_ticket(session, jobs[0].kind)
    return jobs[0]


def _refusal(session: Session, job_id: str, move: str, allowed: tuple[Status, ...]) -> Exception:
    job = session.get(Job, job_id)
    if job is None:
        return NotFound(f"no job has the id {job_id}")
    accepted = ", ".join(allowed)
    return MoveRefused(f"cannot {move} a job that is {job.status}; {move} accepts: {accepted}")


def _fair_at(session: Session, job: Job) -> float:
    """Return the team's virtual finish time: one step behind its last waiting job, or now."""
    last = select(func.max(Job.fair_at) + FAIR_SECONDS).where(
        Job.team_id == job.team_id, Job.kind == job.kind, Job.status == Status.QUEUED
    )
    time, behind = session.execute(select(database_time(), last.scalar_subquery())).one()
    return max(float(time), float(behind or 0))


def _finished(session: Session, lease: Lease) -> dict[str, Any]:
    progress = session.scalar(select(Job.progress).where(Job.id == lease.job_id)) or {}
    return progress | {"fraction": 1.0, "eta_seconds": 0.0}
