"""Every move of a job, one guarded function each, with its event row in the same transaction.

Only this module changes a job's status. A move is one UPDATE whose WHERE holds what must be
true; where no row matched, the move is refused. ``attempt`` fences: a worker whose lease went
to another can write nothing more.

    submit -> queued             claim     queued -> running        renew   running
    succeed, fail                running -> succeeded, failed
    hand_back                    running -> queued (cancelled, paused when that was requested)
    expire                       running -> queued, failed (likewise)
    lose                         running -> as expire, by who knows that the worker is gone
    cancel, pause                queued -> at once; running -> when its worker stops
    resume, retry                paused; failed, cancelled -> queued
    delete                       succeeded, failed, cancelled -> gone
"""

from typing import Any

from sqlalchemy import delete as sql_delete
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from shared.checkpoints.services import check_unused, drop_state
from shared.db import database_time, now, want_count, want_ticket
from shared.errors import MoveRefused, NotFound
from shared.events import add_event
from shared.jobs.answers import check_input, ended, forget_of
from shared.jobs.models import ENDED, QUEUES, Job, Kind, Status
from shared.jobs.needs import check_needs, served_keys
from shared.jobs.rows import Lease, change, fence, held, lease_lost
from shared.jobs.turns import best_key, best_of, count_turn, take_turn
from shared.limits.models import LIMITS, Limits
from shared.limits.services import check_queue
from shared.meters import LOSSES
from shared.nodes.needs import NO_NEEDS, PLAIN, Able
from shared.nodes.queries import is_draining
from shared.origins import origin
from shared.said import said

# As the row is now, also where the session holds an older picture of it.
FRESH = {"populate_existing": True}


def submit(session: Session, job: Job, limits: Limits = LIMITS) -> Job:
    """Queue a new job and ask for a ticket; its spec was validated before.

    Raises ``QuotaExceeded``.
    """
    check_queue(session, job.team_id, limits)
    job.queue = QUEUES[Kind(job.kind)]
    check_needs(session, job.team_id, job.queue, job.needs_key or NO_NEEDS)
    job.status, job.requested = Status.QUEUED, None
    job.attempt = job.losses = job.event_seq = 0
    job.created_at, job.started_at, job.finished_at = now(), None, None
    session.add(job)
    session.flush()
    (job,) = change(session, Job.id == job.id)
    add_event(session, job, "queued", origin())
    want_ticket(session, job.queue)
    return job


def claim(
    session: Session,
    queue: str,
    worker: str,
    lease_seconds: float,
    most_running: int = LIMITS.running_jobs,
    able: Able = PLAIN,
) -> Job | None:
    """Take the best queued job of the team whose turn it is, or None: then the ticket was spare.

    A team that has ``most_running`` jobs running, or as many as its own limit says, is passed over;
    so are jobs that ask for what the worker has not. A draining node's workers take none.
    """
    if is_draining(session, able.node):
        return None
    keys = served_keys(session, queue, able, most_running)
    team_id = take_turn(session, queue, most_running, keys)
    if team_id is None:
        return None
    key = best_key(session, team_id, queue, keys)
    best = best_of(team_id, queue, key).with_for_update(skip_locked=True)
    jobs = change(
        session,
        Job.id == best.scalar_subquery(),
        Job.status == Status.QUEUED,
        status=Status.RUNNING,
        attempt=Job.attempt + 1,
        worker=worker,
        lease_until=database_time() + lease_seconds,
        started_at=func.coalesce(Job.started_at, now()),
    )
    if not jobs:
        return None
    count_turn(session, queue, team_id)
    add_event(session, jobs[0], "running", {"attempt": jobs[0].attempt, "worker": worker})
    return jobs[0]


def renew(session: Session, lease: Lease, lease_seconds: float) -> str | None:
    """Prolong a lease, also a late one that nobody took; return what was requested meanwhile.

    Raises ``LeaseLost``.
    """
    return fence(session, lease, lease_until=database_time() + lease_seconds)


def report_progress(session: Session, lease: Lease, progress: dict[str, Any]) -> str | None:
    """Store the progress; return what was requested meanwhile. Raises ``LeaseLost``."""
    return fence(session, lease, progress=progress)


def succeed(session: Session, lease: Lease) -> Job:
    """End a job well; this beats a cancel that came too late. Raises ``LeaseLost``.

    Nothing is left to resume: the state goes.
    """
    job = _leave(session, lease, Status.SUCCEEDED, progress=_finished(session, lease))
    drop_state(session, job.id)
    return job


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
    job = _locked(session, lease)
    return _leave(session, lease, _after_stop(job), {"reason": "handed back"})


def lose(session: Session, lease: Lease, reason: str) -> Job:
    """Take back a running job whose worker is known to be gone. Raises ``LeaseLost``."""
    return _lose(session, _locked(session, lease), reason)


def expire(session: Session) -> list[Job]:
    """Take back every running job whose lease ran out; return them."""
    late = select(Job).where(Job.status == Status.RUNNING, Job.lease_until < database_time())
    jobs = session.scalars(late.with_for_update(skip_locked=True), execution_options=FRESH)
    return [_lose(session, job, said("lease ran out")) for job in jobs.all()]


def cancel(session: Session, job_id: str) -> Job:
    """End a waiting job, or ask a running one's worker to. Raises ``MoveRefused``."""
    return _stop(session, job_id, "cancel", Status.CANCELLED, (Status.QUEUED, Status.PAUSED))


def pause(session: Session, job_id: str) -> Job:
    """Hold a waiting job, or ask a running one's worker to. Raises ``MoveRefused``."""
    return _stop(session, job_id, "pause", Status.PAUSED, (Status.QUEUED,))


def resume(session: Session, job_id: str, limits: Limits = LIMITS) -> Job:
    """Queue a paused job again. Raises ``MoveRefused``, ``QuotaExceeded``."""
    return _queue_again(session, job_id, limits, "resume", (Status.PAUSED,))


def retry(session: Session, job_id: str, limits: Limits = LIMITS) -> Job:
    """Queue a failed or cancelled job again, from its resume state.

    Raises ``MoveRefused``, ``QuotaExceeded``.
    """
    check_input(session, job_id)
    return _queue_again(
        session,
        job_id,
        limits,
        "retry",
        (Status.FAILED, Status.CANCELLED),
        losses=0,
        error_code=None,
        error_message=None,
        finished_at=None,
    )


def delete(session: Session, job_id: str) -> None:
    """Delete an ended job and all that it left. Raises ``MoveRefused``, ``InUse``.

    The bytes go when the sweeper finds that nothing refers to them any more.
    """
    query = select(Job).where(Job.id == job_id, Job.status.in_(ENDED)).with_for_update()
    if session.scalar(query, execution_options=FRESH) is None:
        raise _refusal(session, job_id, "delete", ENDED)
    forget_of(session, job_id)
    check_unused(session, job_id)
    session.execute(sql_delete(Job).where(Job.id == job_id))


def _locked(session: Session, lease: Lease) -> Job:
    """Return a held job, its row locked until the transaction ends. Raises ``LeaseLost``."""
    query = select(Job).where(*held(lease)).with_for_update()
    job = session.scalar(query, execution_options=FRESH)
    if job is None:
        raise lease_lost(lease)
    return job


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
    jobs = change(
        session,
        *held(lease),
        status=status,
        requested=None,
        lease_until=None,
        worker=None,
        **values,
    )
    if not jobs:
        raise lease_lost(lease)
    add_event(session, jobs[0], status, data)
    if status in ENDED:
        ended(session, jobs[0])
    if status is Status.QUEUED:
        want_ticket(session, jobs[0].queue)
    return jobs[0]


def _after_stop(job: Job) -> Status:
    """Return where a job goes that stops running without an end of its own."""
    requested = {"cancel": Status.CANCELLED, "pause": Status.PAUSED}
    return requested[job.requested] if job.requested else Status.QUEUED


def _lose(session: Session, job: Job, reason: str) -> Job:
    """Count a loss of a locked job: queued again, or failed when that was one too many."""
    lease, losses, status = Lease(job.id, job.attempt), job.losses + 1, _after_stop(job)
    data = {"reason": reason, "worker": job.worker, "losses": losses}
    want_count(session, LOSSES.labels(job.kind, str(reason)).inc)
    if status is not Status.QUEUED or losses < job.max_losses:
        return _leave(session, lease, status, data, losses=losses)
    message = said(
        "the worker was lost {losses} times without a finished epoch between "
        "(limit {most}; the last time: {why}): out of memory, most likely",
        losses=losses, most=job.max_losses, why=reason,
    )  # fmt: skip
    error = {"error_code": "worker_lost", "error_message": str(message)}
    data |= {"code": "worker_lost", "message": str(message)}
    return _leave(session, lease, Status.FAILED, data, losses=losses, **error)


def _stop(session: Session, job_id: str, move: str, to: Status, at_once: tuple[Status, ...]) -> Job:
    values = {"finished_at": now()} if to in ENDED else {}
    jobs = change(
        session, Job.id == job_id, Job.status.in_(at_once), status=to, requested=None, **values
    )
    if jobs:
        add_event(session, jobs[0], to)
        if to in ENDED:
            ended(session, jobs[0])
        return jobs[0]
    jobs = change(session, Job.id == job_id, Job.status == Status.RUNNING, requested=move)
    if not jobs:
        raise _refusal(session, job_id, move, (*at_once, Status.RUNNING))
    add_event(session, jobs[0], "requested", {"move": move})
    return jobs[0]


def _queue_again(
    session: Session,
    job_id: str,
    limits: Limits,
    move: str,
    allowed: tuple[Status, ...],
    **values: Any,
) -> Job:
    what = select(Job.team_id, Job.queue, Job.needs_key)
    asks = session.execute(what.where(Job.id == job_id, Job.status.in_(allowed))).one_or_none()
    if asks is None:
        raise _refusal(session, job_id, move, allowed)
    check_queue(session, asks.team_id, limits)
    check_needs(session, *asks)
    jobs = change(
        session,
        Job.id == job_id,
        Job.status.in_(allowed),
        status=Status.QUEUED,
        requested=None,
        **values,
    )
    if not jobs:
        raise _refusal(session, job_id, move, allowed)
    add_event(session, jobs[0], "queued", {"reason": move, **origin()})
    want_ticket(session, jobs[0].queue)
    return jobs[0]


def _refusal(session: Session, job_id: str, move: str, allowed: tuple[Status, ...]) -> Exception:
    job = session.get(Job, job_id)
    if job is None:
        return NotFound(said("no job has the id {id}", id=job_id))
    accepted = ", ".join(allowed)
    return MoveRefused(
        said(
            "cannot {move} a job that is {status}; {move} accepts: {accepted}",
            move=move,
            status=job.status,
            accepted=accepted,
        )
    )


def _finished(session: Session, lease: Lease) -> dict[str, Any]:
    progress = session.scalar(select(Job.progress).where(Job.id == lease.job_id)) or {}
    return progress | {"fraction": 1.0, "eta_seconds": 0.0, "sample": None}
