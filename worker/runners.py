"""From a claimed job to its end: the lease, errors, and which runner a kind has."""

from collections.abc import Callable
from importlib import import_module

import structlog

from shared.errors import LeaseLost, UserError
from shared.jobs.models import Job
from shared.jobs.services import Lease, claim, fail
from worker.heartbeat import Heartbeat
from worker.node import Node

log = structlog.get_logger(__name__)

Runner = Callable[[Node, Job, Lease, Heartbeat], None]
# By name: importing a runner loads TensorFlow, which only a pool's process may do.
RUNNERS = {
    "train": ("worker.training", "run_training"),
    "generate": ("worker.generation", "run_generation"),
}


def work(node: Node, kind: str) -> int:
    """Run queued jobs of a queue until none is left or this worker stops; return how many."""
    done = 0
    while not node.stop.is_up():
        job = node.write(lambda s: claim(s, kind, node.name, node.settings.lease_seconds))
        if job is None:
            break
        run_job(node, job)
        done += 1
    return done


def run_job(node: Node, job: Job) -> None:
    """Run a claimed job to its end, whatever happens on the way."""
    lease = Lease(job.id, job.attempt)
    with structlog.contextvars.bound_contextvars(job=job.id, attempt=job.attempt):
        log.info("job started", kind=job.kind, name=job.name)
        try:
            with Heartbeat(node, lease) as heartbeat:
                runner_of(job.kind)(node, job, lease, heartbeat)
        except LeaseLost as error:
            log.warning("job given up: it is another worker's now", reason=str(error))
        except UserError as error:
            log.warning("job failed", code=error.code, reason=str(error))
            _fail(node, lease, error.code, str(error))
        except Exception as error:
            log.exception("job failed")
            kind = type(error).__name__
            _fail(node, lease, "internal", f"the worker failed ({kind}); its log has the details")


def runner_of(kind: str) -> Runner:
    """Return the function that runs jobs of a kind."""
    module, name = RUNNERS[kind]
    runner: Runner = getattr(import_module(module), name)
    return runner


def _fail(node: Node, lease: Lease, code: str, message: str) -> None:
    try:
        node.write(lambda session: fail(session, lease, code, message))
    except LeaseLost as error:
        log.warning("job given up: it is another worker's now", reason=str(error))
