"""The nodes of scale.py: threads of some processes, which only sleep and write."""

import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import get_context
from multiprocessing.context import SpawnProcess
from queue import Empty
from typing import Any

from celery import Celery
from kombu.entity import Queue
from scale_parts import seconds_of

from shared import tables  # noqa: F401  (the services need every table)
from shared.db import Database, now
from shared.ids import new_id
from shared.jobs import services
from shared.jobs.rows import Lease
from shared.queue import CeleryTickets, make_celery
from shared.settings import Settings, load_settings
from shared.waking import RedisWakes
from shared.workers.services import Process, see

# A job: so long, then a report, then its end.
JOB_SECONDS = 0.3
FRESH = get_context("spawn")
# Of a process, which has 15 connections: five of them have three quarters of the server's hundred.
THREADS = 40


@dataclass
class Work:
    """Processes at work, and how long each job waited that they began."""

    processes: list[SpawnProcess]
    waited: Any

    def cpu(self) -> float:
        """Return the seconds of processor of all so far."""
        return sum(seconds_of(process.pid or 0)[0] for process in self.processes)

    def waits(self) -> list[float]:
        """Return the seconds of the jobs begun since it was asked last."""
        found = []
        while True:
            try:
                found.append(self.waited.get_nowait())
            except Empty:
                return found


@contextmanager
def at_work(settings: Settings, nodes: int) -> Iterator[Work]:
    """Let so many nodes work within the block, which begins when all of them listen."""
    count = max(os.cpu_count() or 1, nodes // THREADS)
    shares = [range(first, nodes, count) for first in range(count)]
    stop, waited, ready = FRESH.Event(), FRESH.Queue(), FRESH.Barrier(count + 1)
    where = (settings.database_url, settings.redis_url)
    processes = [
        FRESH.Process(target=_process, args=(*where, share, stop, waited, ready), daemon=True)
        for share in shares
    ]
    for process in processes:
        process.start()
    work = Work(processes, waited)
    ready.wait(120)
    try:
        yield work
    finally:
        stop.set()
        for process in processes:
            process.join(60)


def _process(
    database_url: str, redis_url: str, share: range, stop: Any, waited: Any, ready: Any
) -> None:
    settings = load_settings(database_url=database_url, redis_url=redis_url, log_level="WARNING")
    app = make_celery(settings)
    db = Database(database_url, CeleryTickets(app), RedisWakes(redis_url))
    nodes = [StubNode(f"node:{number}", db, app, stop.is_set, waited.put) for number in share]
    threads = [threading.Thread(target=node.work) for node in nodes]
    for thread in threads:
        thread.start()
    time.sleep(2)  # until they listen
    ready.wait(120)
    for thread in threads:
        thread.join()
    db.close()


@dataclass
class StubNode:
    """Claims as a worker does, sleeps instead of training, and writes what a worker writes."""

    name: str
    db: Database
    app: Celery
    stopped: Callable[[], bool]
    tell: Callable[[float], None]

    def work(self) -> None:
        """Take tickets; after each, claim until nothing is left."""
        with self.db.write() as session:
            see(session, Process(new_id(), self.name, ["train"], "cpu", now()))
        with _consumer(self.app) as ticket:
            while not self.stopped():
                if ticket():
                    while not self.stopped() and self._run_one():
                        pass

    def _run_one(self) -> bool:
        """Claim a job, report once, end it; False where nothing was left."""
        with self.db.write() as session:
            job = services.claim(session, "train", self.name, 60, 10**6)
        if job is None:
            return False
        self.tell(time.time() - job.created_at.timestamp())
        lease = Lease(job.id, job.attempt)
        time.sleep(JOB_SECONDS)
        with self.db.write() as session:
            services.report_progress(session, lease, {"fraction": 0.5})
        with self.db.write() as session:
            services.succeed(session, lease)
        return True


@contextmanager
def _consumer(app: Celery) -> Iterator[Callable[[], bool]]:
    """Yield what waits a second for a ticket, and tells whether there was one."""
    with app.connection_for_read() as connection:
        queue = connection.SimpleQueue(Queue("train"), no_ack=True)  # type: ignore[no-untyped-call]

        def ticket() -> bool:
            try:
                queue.get(timeout=1)
            except Empty:
                return False
            return True

        yield ticket
        queue.close()
