"""Asking a worker inside a request, and waiting for the end of the job."""

import time
from collections.abc import Callable
from threading import BoundedSemaphore

from sqlalchemy import select
from sqlalchemy.orm import Session

from shared.blobs import StoredBlob, write_blob
from shared.db import Database
from shared.errors import JobEnded
from shared.jobs.models import ENDED, Job, Status
from shared.said import said
from web.api.writing import write
from web.context import services

# Most answers come within the first; no connection is held between two looks.
FIRST_LOOK_SECONDS, LONGEST_LOOK_SECONDS, SLOWER = 0.02, 0.2, 1.3
# Half of a process' threads stay free for who does not wait.
MOST_WAITING = 32
_waiting = BoundedSemaphore(MOST_WAITING)


def patience() -> float:
    """Return for how many seconds a request waits."""
    return services().settings.answer_wait_seconds


def ask(asked: str, submit: Callable[[Session, StoredBlob], Job]) -> Job:
    """Store what is asked, submit the job that answers it, and wait for its end.

    Raises ``JobEnded``, and what ``submit`` raises.
    """
    stored = write_blob(services().db, [asked.encode()])
    job = write(lambda session: submit(session, stored))
    return wait_for_end(services().db, job)


def wait_for_end(db: Database, job: Job) -> Job:
    """Return the job as it is when it has ended, or after some seconds; at once where too many
    requests wait already, or where it is paused.

    Raises ``JobEnded`` where it ended without a result.
    """
    if job.status not in ENDED and _waiting.acquire(blocking=False):
        try:
            job = _look(db, job, patience())
        finally:
            _waiting.release()
    if job.status == Status.FAILED:
        raise JobEnded(job.id, job.error_code or "internal", job.error_message or said("it failed"))
    if job.status == Status.CANCELLED:
        raise JobEnded(job.id, "cancelled", said("it was cancelled"))
    return job


def _look(db: Database, job: Job, seconds: float) -> Job:
    deadline, pause = time.monotonic() + seconds, FIRST_LOOK_SECONDS
    while time.monotonic() < deadline and job.status not in (*ENDED, Status.PAUSED):
        time.sleep(pause)
        pause = min(LONGEST_LOOK_SECONDS, pause * SLOWER)
        with db.read() as session:
            # One that was deleted meanwhile is told as it was last seen.
            job = session.scalar(select(Job).where(Job.id == job.id)) or job
    return job
