"""What a fault is done to: the service, its jobs at this moment, and what must be done later."""

import heapq
import random
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import count

from shared.jobs.models import Status
from tests.chaos.api import Api
from tests.chaos.load import Picture, Row, picture
from tests.chaos.recovery import Fault
from tests.chaos.service import Service

ASKS = 20
ASK_SECONDS = 0.5


class Scene:
    """One campaign's stage. ``jobs`` is as fresh as the last look."""

    def __init__(self, service: Service, rng: random.Random, long: bool):
        self.service, self.rng, self.long = service, rng, long
        self.jobs: Picture = {}
        # Processes that are stopped, and will be let go on.
        self.frozen: set[int] = set()
        # Jobs that still recover from a fault: a second one would hide how long the first takes.
        self.hurt: set[str] = set()
        # How far a job must be to be hit, from 0 to 1: else most would be hit at their start.
        self.ripe = 0.0
        # How often a process was frozen inside a transaction.
        self.planted = 0
        self._due: list[tuple[float, int, Callable[[], None]]] = []
        self._numbers = count()
        self._asked: set[tuple[str, int, str]] = set()
        self._asking: ThreadPoolExecutor | None = None
        self._api: Api | None = None

    @contextmanager
    def open(self) -> Iterator["Scene"]:
        """Let it act until the block ends; then all that was to be done later is done."""
        with self.service.api() as self._api, ThreadPoolExecutor(1) as self._asking:
            try:
                yield self
            finally:
                self.act(time.monotonic() + 3600)

    def later(self, seconds: float, action: Callable[[], None]) -> None:
        """Have something done in so many seconds."""
        heapq.heappush(self._due, (time.monotonic() + seconds, next(self._numbers), action))

    def act(self, now: float) -> bool:
        """Do what is due; tell whether nothing is left to do."""
        while self._due and self._due[0][0] <= now:
            heapq.heappop(self._due)[2]()
        return not self._due

    def look(self) -> bool:
        """Look at the jobs; tell whether the database let us."""
        jobs = picture(self.service)
        self.jobs = self.jobs if jobs is None else jobs
        return jobs is not None

    def running(self, pids: tuple[int, ...]) -> list[Row]:
        """Return the jobs that one of these processes runs."""
        found = (row for row in self.jobs.values() if row.status == Status.RUNNING)
        return [row for row in found if row.pid in pids]

    def ask(self, row: Row, move: str, fault: Fault | None = None) -> None:
        """Ask the API for a move, from another thread; once for each attempt of a job."""
        if (row.id, row.attempt, move) in self._asked or self._asking is None:
            return
        self._asked.add((row.id, row.attempt, move))
        self._asking.submit(self._ask, row.id, move, fault)

    def heal(self) -> None:
        """Queue what was paused or cancelled again."""
        for row in self.jobs.values():
            if row.status == Status.PAUSED:
                self.ask(row, "resume")
            if row.status == Status.CANCELLED:
                self.ask(row, "retry")

    def _ask(self, job_id: str, move: str, fault: Fault | None) -> None:
        for _ in range(ASKS):
            taken = self._api.move(job_id, move) if self._api else None
            if taken is not None:
                break
            time.sleep(ASK_SECONDS)
        if fault is not None and not taken:
            fault.refused = True
