"""From a claimed job to its end: the lease, errors, and which runner a kind has."""

import errno
import gc
import tempfile
import time
from collections.abc import Callable, Mapping
from functools import partial
from importlib import import_module
from typing import Any

import structlog
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from shared.db import is_away
from shared.errors import LeaseLost, StoreAway, UserError
from shared.jobs.models import Job
from shared.jobs.queries import origin_of
from shared.jobs.rows import Lease
from shared.jobs.services import claim, fail, hand_back, lose
from shared.memory import give_back
from shared.origins import TRACE
from shared.said import said
from shared.tracing import spanning
from worker import meters
from worker.heartbeat import Heartbeat
from worker.node import Node
from worker.stopping import StopRequested

log = structlog.get_logger(__name__)

# It takes up to tenths of a second, as long as a short job.
GIVE_BACK_SECONDS = 30.0

NOBODY: Mapping[str, str] = {}
Runner = Callable[[Node, Job, Lease, Heartbeat], None]
Move = Callable[..., Job]
# By name: importing a runner loads TensorFlow, which only a pool's process may do.
RUNNERS = {
    "train": ("worker.training", "run_training"),
    "generate": ("worker.generation", "run_generation"),
    "score": ("worker.scoring", "run_scoring"),
    "verify": ("worker.verifying", "run_verification"),
    "import": ("worker.importing", "run_import"),
}


def work(node: Node, queue: str) -> int:
    """Run queued jobs of a queue until none is left, or this worker stops or has grown too large.

    Return how many.
    """
    done, given = 0, float("-inf")
    while not node.stop.is_up():
        with meters.claiming(queue):
            job, origin = node.write(lambda s: _claim(s, node, queue))
        if job is None:
            break
        _tell_wait(node, job, origin)
        run_job(node, job, origin)
        given = _tidy(given)
        done += 1
        if node.allowance.is_used_up():
            _leave(node, queue)
            break
    return done


def _tidy(given: float) -> float:
    """Give back what a job left; return when whole pages were given back last."""
    # A job's model and the files that it mapped hang together in circles. Left to itself Python
    # looks for those ever more seldom, the larger the process is.
    gc.collect()
    if time.monotonic() - given < GIVE_BACK_SECONDS:
        return given
    give_back()
    return time.monotonic()


def _leave(node: Node, queue: str) -> None:
    """Have this process replaced between two jobs, and whoever is free look for the next one."""
    allowance = node.allowance
    log.info("pool process is replaced: it has grown", grown=allowance.grown(), most=allowance.most)
    node.leave()
    # The ticket that this process had stood for all that is queued.
    node.db.tickets.send(queue)


def _claim(session: Session, node: Node, queue: str) -> tuple[Job | None, dict[str, str]]:
    lease, most = node.settings.lease_seconds, node.settings.team_running_jobs
    job = claim(session, queue, node.name, lease, most, node.able)
    return job, origin_of(session, job.id) if job else {}


def _tell_wait(node: Node, job: Job, origin: dict[str, str]) -> None:
    """Tell how long a job waited that starts for the first time."""
    if job.attempt == 1:
        meters.waited(job.queue, job.created_at, job.started_at)
        node.tracer.begin("queued", origin.get(TRACE), job.created_at, **_of(job)).end()


def _of(job: Job) -> dict[str, str | int]:
    """Return what a span tells of a job."""
    return {"charloom.job": job.id, "charloom.kind": job.kind, "charloom.attempt": job.attempt}


def run_job(node: Node, job: Job, origin: Mapping[str, str] = NOBODY) -> None:
    """Run a claimed job to its end, whatever happens on the way.

    ``origin`` is the request that it was submitted by, for the log and for traces.
    """
    lease = Lease(job.id, job.attempt)
    node.slot.hold(lease)
    about = {"job": job.id, "attempt": job.attempt, **origin}
    with (
        structlog.contextvars.bound_contextvars(**about),
        meters.running(job.kind),
        spanning(node.tracer, "run", origin.get(TRACE), **_of(job)),
    ):
        log.info("job started", kind=job.kind, name=job.name)
        try:
            with Heartbeat(node, lease) as heartbeat:
                runner_of(job.kind)(node, job, lease, heartbeat)
        except SystemExit:
            # SIGTERM to this very process, as when a whole process group is asked to end.
            _move(node, lease, hand_back)
            raise
        except Exception as error:
            _move(node, lease, _after(error))
        finally:
            node.slot.clear()


def take_over(node: Node) -> None:
    """Queue the job again that this process's predecessor ran when it died."""
    lease = node.slot.held()
    if lease is None:
        return
    try:
        with node.db.write() as session:
            job = lose(session, lease, str(said("the pool process died")))
        log.warning("pool process died", job=job.id, status=job.status, losses=job.losses)
    except LeaseLost:
        log.info("pool process died; its job had been taken over", job=lease.job_id)
    except SQLAlchemyError as error:
        log.error("pool process died; its job waits for its lease to run out", error=str(error))
    node.slot.clear()


def runner_of(kind: str) -> Runner:
    """Return the function that runs jobs of a kind."""
    module, name = RUNNERS[kind]
    runner: Runner = getattr(import_module(module), name)
    return runner


def _after(error: Exception) -> Move | None:
    """Return the move that an error asks for; None where another worker has the job."""
    match error:
        case LeaseLost():
            log.warning("job given up: it is another worker's now", reason=str(error))
            return None
        case StopRequested():
            return hand_back
        case MemoryError():
            log.error("out of memory", reason=str(error))
            return partial(lose, reason=str(said("out of memory")))
        case SQLAlchemyError() | StoreAway() if is_away(error):
            log.error("job given up: the database or the store is away", error=str(error))
            return hand_back
        case UserError():
            return partial(fail, code=error.code, message=str(error))
        case OSError(errno=errno.ENOSPC):
            return partial(fail, code="disk_full", message=_disk_full())
        case _:
            log.exception("job failed")
            name = type(error).__name__
            message = said("the worker failed ({name}); its log has the details", name=name)
            return partial(fail, code="internal", message=str(message))


def _move(node: Node, lease: Lease, move: Move | None) -> None:
    if move is None:
        return
    try:
        job = node.write(lambda session: move(session, lease))
    except LeaseLost as error:
        log.warning("job given up: it is another worker's now", reason=str(error))
    except SQLAlchemyError as error:
        log.error("job left until its lease runs out: the database is away", error=str(error))
    else:
        _tell(job)


def _tell(job: Job) -> None:
    details: dict[str, Any] = {"code": job.error_code, "reason": job.error_message}
    log.warning("job stopped", status=job.status, **{k: v for k, v in details.items() if v})


def _disk_full() -> str:
    told = said(
        "the worker's disk is full: free some space for {folder} and retry; the job goes on from "
        "its last saved state",
        folder=tempfile.gettempdir(),
    )
    return str(told)
