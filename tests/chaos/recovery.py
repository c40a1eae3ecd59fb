"""When a fault is over: conditions that hold once the service is whole again."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from shared.jobs.models import Status
from tests.chaos.load import Picture, Row

Whole = Callable[[Picture], bool]


@dataclass
class Fault:
    """One fault: what it was, and when the service was whole again as concerns it."""

    kind: str
    what: str
    whole: Whole
    at: float = field(default_factory=time.monotonic)
    seconds: float | None = None
    # The jobs that it found at work, as they stood then.
    hit: list[Row] = field(default_factory=list)
    # The API would not do it: the job had ended meanwhile.
    refused: bool = False

    def look(self, jobs: Picture) -> bool:
        """Note the time once it is over; tell whether it is."""
        if self.seconds is None and self.whole(jobs):
            self.seconds = time.monotonic() - self.at
        return self.seconds is not None


class GoOn:
    """Holds when each job that was hit has progressed in a later attempt, or has succeeded."""

    def __init__(self, hit: list[Row]):
        self._before = {row.id: row.attempt for row in hit}
        # Progress as it was when the later attempt was first seen.
        self._seen: dict[str, dict[str, Any]] = {}

    def __call__(self, jobs: Picture) -> bool:
        """Look at the jobs that have not gone on yet."""
        for job_id, attempt in list(self._before.items()):
            if self._goes_on(jobs[job_id], attempt):
                del self._before[job_id]
        return not self._before

    def _goes_on(self, row: Row, attempt: int) -> bool:
        if row.status == Status.SUCCEEDED:
            return True
        if row.attempt <= attempt:
            return False
        return self._seen.setdefault(row.id, row.progress) != row.progress


class QueueMoves:
    """Holds when a worker has taken one of the jobs that waited, or when none did."""

    def __init__(self, jobs: Picture):
        self._waited = [row.id for row in jobs.values() if row.status == Status.QUEUED]

    def __call__(self, jobs: Picture) -> bool:
        """Look whether one waits no longer."""
        waits = [jobs[job].status == Status.QUEUED for job in self._waited]
        return not all(waits) or not waits


def both(*conditions: Whole) -> Whole:
    """Hold once each of the conditions has held."""
    left = list(conditions)

    def whole(jobs: Picture) -> bool:
        left[:] = [condition for condition in left if not condition(jobs)]
        return not left

    return whole
