"""What jobs that answer have in common: their input, being told to stop, their end."""

import json
from typing import Any

import structlog
from sqlalchemy.orm import Session

from shared.blobs import read_blob, slices
from shared.jobs.answers import input_blob, keep_result
from shared.jobs.models import Job
from shared.jobs.rows import Lease
from shared.jobs.services import succeed
from worker.heartbeat import Heartbeat
from worker.node import Node
from worker.stopping import StopRequested

log = structlog.get_logger(__name__)


def asked(node: Node, job: Job) -> bytes:
    """Return what a job is to read, which is small."""
    return node.keep_trying(lambda: _input(node, job))


def look_up(heartbeat: Heartbeat) -> None:
    """Raise ``StopRequested`` where the job shall stop, ``LeaseLost`` where it is another's."""
    if heartbeat.should_stop():
        raise StopRequested


def answer(node: Node, lease: Lease, result: dict[str, Any]) -> None:
    """Store what came of a job and end it well. Raises ``LeaseLost``."""
    data = json.dumps(result, ensure_ascii=False).encode()
    stored = node.store(lambda: slices(data))
    node.write(lambda session: _end(session, lease, stored.id))
    log.info("job succeeded")


def _input(node: Node, job: Job) -> bytes:
    with node.db.read() as session:
        blob_id = input_blob(session, job.id)
    return b"".join(read_blob(node.db, blob_id))


def _end(session: Session, lease: Lease, blob_id: str) -> None:
    keep_result(session, lease, blob_id)
    succeed(session, lease)
