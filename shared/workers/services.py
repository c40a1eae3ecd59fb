"""Workers come, say that they are there, and go."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, update
from sqlalchemy.orm import Session

from shared.db import database_time
from shared.workers.models import Worker

# How long those that went without a word are remembered.
KEPT_SECONDS = 24 * 3600


@dataclass(frozen=True)
class Process:
    """A pool process as it tells of itself; ``id`` is new with each start."""

    id: str
    name: str
    queues: list[str]
    device: str
    started_at: datetime
    # Floating-point operations a second, where they were measured.
    speed: float | None = None
    # Bytes that it may hold, in the machine's memory and on its card.
    memory: int | None = None
    device_memory: int | None = None
    node_id: str | None = None


def see(session: Session, process: Process) -> None:
    """Note that a worker is there now; its first time, or after it was forgotten, add it."""
    seen = {"seen_time": database_time(), "node_id": process.node_id}
    statement = update(Worker).where(Worker.id == process.id).values(**seen)
    if session.execute(statement).rowcount:  # type: ignore[attr-defined]
        return
    # A container that starts again gives the same name to another process.
    session.execute(delete(Worker).where(Worker.name == process.name))
    session.add(Worker(**vars(process), seen_time=database_time()))


def leave(session: Session, process: Process) -> None:
    """Forget a worker that ends as it should."""
    session.execute(delete(Worker).where(Worker.id == process.id))


def forget_old(session: Session) -> None:
    """Forget those that nobody has seen for a day."""
    session.execute(delete(Worker).where(Worker.seen_time < database_time() - KEPT_SECONDS))
