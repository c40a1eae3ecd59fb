"""Reading which workers there are."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from shared.db import database_time
from shared.jobs.models import Job, Status
from shared.pages import DEFAULT_LIMIT, Page, page
from shared.workers.models import Worker


def list_workers(
    session: Session, *, after: str | None = None, limit: int = DEFAULT_LIMIT
) -> Page[Worker]:
    """Return the workers, those that started first coming first."""
    return page(session, select(Worker), Worker.id, after=after, limit=limit)


def count_alive(session: Session, lease_seconds: float) -> dict[str, int]:
    """Return how many workers of each queue were seen within a lease's time."""
    query = select(Worker.queues).where(Worker.seen_time >= database_time() - lease_seconds)
    return Counter(queue for queues in session.scalars(query) for queue in queues)


@dataclass(frozen=True)
class Memories:
    """The bytes that a worker may hold: None where it does not tell."""

    gpu: bool
    host: int | None
    card: int | None


def memories(session: Session) -> list[Memories]:
    """Return the memory of every worker that trains, also of those that are away for a while."""
    query = select(Worker.queues, Worker.device, Worker.memory, Worker.device_memory)
    return [
        Memories(device.startswith("gpu"), host, card)
        for queues, device, host, card in session.execute(query)
        if "train" in queues
    ]


def jobs_of(session: Session, team_id: str, workers: Iterable[Worker]) -> dict[str, str]:
    """Return which of the team's jobs runs on which worker, by the workers' names."""
    names = [worker.name for worker in workers]
    query = select(Job.worker, Job.id).where(
        Job.status == Status.RUNNING, Job.team_id == team_id, Job.worker.in_(names)
    )
    return {name: job_id for name, job_id in session.execute(query) if name}
