"""Whether this machine works on a queue: ``python -m worker.health QUEUE`` ends with 0, or 1.

A container asks it of its own worker. The answer is the row that each pool process renews: over the
broker workers take no commands, as whoever reaches it could give them.
"""

import sys

from sqlalchemy import select
from sqlalchemy.orm import Session

from shared.db import Database, database_time
from shared.settings import load_settings
from shared.workers.models import Worker
from worker.machine import name_of


def works_here(session: Session, host: str, queue: str, lease_seconds: float) -> bool:
    """Tell whether a process of a machine was seen on a queue within a lease's time."""
    seen = Worker.seen_time >= database_time() - lease_seconds
    query = select(Worker.queues).where(Worker.name.startswith(f"{host}:", autoescape=True), seen)
    return any(queue in queues for queues in session.scalars(query))


def main(queue: str) -> int:
    """Return the exit status for this machine."""
    settings = load_settings()
    db = Database(settings.database_url)
    try:
        with db.read() as session:
            found = works_here(session, name_of(settings), queue, settings.lease_seconds)
    finally:
        db.close()
    return 0 if found else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
