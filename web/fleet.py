"""The workers that are alive, asked for once a second: so that telling why a job waits is cheap."""

import time
from threading import Lock

from shared.db import Database
from shared.jobs.models import Job
from shared.nodes.waiting import Fleet, read_fleet
from shared.said import Said
from web.context import services

KEPT_SECONDS = 1.0


class Fleets:
    """The fleet of one application's database, as it was a moment ago."""

    def __init__(self, db: Database, lease_seconds: float):
        self._db, self._lease_seconds = db, lease_seconds
        self._fleet, self._until = Fleet(()), 0.0
        self._lock = Lock()

    def now(self) -> Fleet:
        """Return the workers that are alive."""
        with self._lock:
            if time.monotonic() < self._until:
                return self._fleet
        with self._db.read() as session:
            fleet = read_fleet(session, self._lease_seconds)
        with self._lock:
            self._fleet, self._until = fleet, time.monotonic() + KEPT_SECONDS
        return fleet


def reason_of(job: Job) -> Said | None:
    """Return why a job waits that no worker alive can serve; None of any other."""
    return services().fleets.now().reason(job) if job.status == "queued" else None


def mark_of(mark: str, status: str) -> str:
    """Return a job's mark; of one that waits it differs when the fleet does, too."""
    return f"{mark[:16]}{services().fleets.now().mark}" if status == "queued" else mark
