"""Checks of the work: workers, the sweeper, jobs that wait or hang."""

from redis import Redis
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from cli.doctor.findings import Finding, fine, problem, skipped, warning
from shared.db import database_now, database_time
from shared.jobs.models import Event, Job, Status
from shared.jobs.queries import at_work
from shared.nodes.needs import NodeNeeds
from shared.nodes.waiting import Fleet, read_fleet
from shared.queue import QUEUES
from shared.rounds import last_round
from shared.settings import Settings
from shared.workers.queries import count_alive

OLDEST = "oldest queued job"
# How long a job may wait while workers of its queue are idle, and while all are busy.
IDLE_WAIT, BUSY_WAIT = 60.0, 6 * 3600.0
# A sweeper that is late by so much does not come.
LATE_ROUND = 60.0
RESTART = "see its log; start beat and a worker of the queue `maintenance`, or `charloom up`"


def workers(session: Session, settings: Settings) -> list[Finding]:
    """Count the workers of each queue that were seen within a lease's time."""
    alive = count_alive(session, settings.lease_seconds)
    return [_workers(queue, alive.get(queue, 0)) for queue in QUEUES]


def _workers(queue: str, count: int) -> Finding:
    name = f"workers of {queue}"
    if count:
        return fine(name, f"{count} alive")
    return problem(
        name,
        "none was seen within a lease's time",
        _start(queue),
    )


def _start(queue: str) -> str:
    return f"start one: `celery -A worker.app worker -Q {queue}`, or `charloom up`"


def waiting(session: Session, settings: Settings) -> Finding:
    """Look at the job that has waited longest since it was queued."""
    queued = (
        select(Job, Event.created_at)
        .join(Event, (Event.job_id == Job.id) & (Event.seq == Job.event_seq))
        .where(Job.status == Status.QUEUED)
        .order_by(Event.created_at)
        .limit(1)
    )
    row = session.execute(queued).one_or_none()
    if row is None:
        return fine(OLDEST, "none waits")
    job, since = row
    seconds = (database_now(session) - since).total_seconds()
    fleet = read_fleet(session, settings.lease_seconds)
    if reason := fleet.reason(job):
        told = f"job {job.id} in queue {job.queue}, for {_span(seconds)}: {reason}"
        return warning(OLDEST, told, _remedy(fleet, job))
    return _passed_over(session, fleet, job, seconds)


def _remedy(fleet: Fleet, job: Job) -> str:
    """Return what to do where no worker alive can take a job."""
    there = [place for place in fleet.places if job.queue in place.queues]
    if not there:
        return _start(job.queue)
    if any(place.able.serves(NodeNeeds.of(job.needs_key)) for place in there):
        return "`charloom node undrain NAME` lets a node take jobs again; or start another one"
    return (
        "start a worker on a node that has it (CHARLOOM_NODE_LABELS gives it labels), or "
        f"`charloom job cancel {job.id}` and ask for less: docs/nodes.md"
    )


def _passed_over(session: Session, fleet: Fleet, job: Job, seconds: float) -> Finding:
    running = select(func.count()).where(Job.status == Status.RUNNING, Job.queue == job.queue)
    busy = session.scalar(running) or 0
    idle = len(fleet.serving(job.queue, [job.needs_key]) - at_work(session))
    told = (
        f"job {job.id} in queue {job.queue}, for {_span(seconds)}; {busy} running, "
        f"{idle} workers could take it now"
    )
    if idle and seconds > IDLE_WAIT:
        return warning(OLDEST, told, "workers are idle: see whether its team's limit "
                       "of running jobs is reached, and the workers' log")  # fmt: skip
    if seconds > BUSY_WAIT:
        return warning(OLDEST, told, "add workers of this queue that can serve it")
    return fine(OLDEST, told)


def leases(session: Session, settings: Settings) -> Finding:
    """Look for jobs whose lease ran out long ago, and which nobody took back."""
    grace = 2 * settings.lease_seconds + 2 * settings.sweep_seconds
    late = select(func.count()).where(
        Job.status == Status.RUNNING, Job.lease_until < database_time() - grace
    )
    if count := session.scalar(late):
        told = f"{count} running jobs have no worker, and nobody takes them back"
        return problem("leases", told, f"the sweeper does not run: {RESTART}")
    return fine("leases", "no running job without a worker")


def sweeper(redis: "Redis", settings: Settings) -> Finding:
    """Look at when the sweeper, which beat calls, went round last."""
    seconds = last_round(redis)
    if seconds is None:
        return problem("sweeper", "no round since Redis was started, or for a day", RESTART)
    told = f"last round {_span(seconds)} ago"
    if seconds > LATE_ROUND + 10 * settings.sweep_seconds:
        return problem("sweeper", told, f"beat or its worker hangs: {RESTART}")
    return fine("sweeper", told)


def stopped(name: str) -> Finding:
    """Return what is said of a part of a service that does not run."""
    return skipped(name, "not looked at: the service is stopped")


def _span(seconds: float) -> str:
    whole = max(0, round(seconds))
    if whole < 120:
        return f"{whole} s"
    return f"{whole // 60} min" if whole < 7200 else f"{whole // 3600} h"
