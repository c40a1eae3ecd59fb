"""What the processes of a worker count. Their parent tells it: see ``worker.scraped``."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

from prometheus_client import Counter, Gauge, Histogram

from shared.jobs.models import Kind
from shared.meters import LOSSES, METERS
from worker import memory

RENEWALS = Counter(
    "charloom_worker_lease_renewals",
    "Renewals of leases: renewed, failed (will be tried again), lost (another has the job).",
    ["outcome"],
    registry=METERS,
)
CLAIMS = Histogram(
    "charloom_worker_claim_duration_seconds",
    "How long a worker took to ask for the next job, also where there was none.",
    ["queue"],
    buckets=(0.005, 0.025, 0.1, 0.5, 2.5, 10),
    registry=METERS,
)
WAITS = Histogram(
    "charloom_worker_start_wait_seconds",
    "How long jobs waited from submission to their first start.",
    ["queue"],
    buckets=(0.1, 0.5, 1, 5, 30, 120, 600, 3600, 14400),
    registry=METERS,
)
RUNS = Counter(
    "charloom_worker_run_seconds", "Time that runs of jobs took.", ["kind"], registry=METERS
)
STEPS = Counter(
    "charloom_worker_steps",
    "Steps done: batches trained on, characters written.",
    ["kind"],
    registry=METERS,
)
RUNNING = Gauge(
    "charloom_worker_jobs_running",
    "Jobs that run on this worker now.",
    ["kind"],
    multiprocess_mode="livesum",
    registry=METERS,
)
MEMORY = Gauge(
    "charloom_worker_process_memory_bytes",
    "Bytes that a process of the pool holds for itself.",
    ["process"],
    multiprocess_mode="livemax",
    registry=METERS,
)
# As `shared.jobs.services` is told them.
REASONS = ("lease ran out", "the pool process died", "out of memory")


def begin(queues: set[str]) -> None:
    """Have all meters there, at 0: one that begins at 1 hides its first event."""
    for outcome in ("renewed", "failed", "lost"):
        RENEWALS.labels(outcome)
    for queue in queues:
        CLAIMS.labels(queue)
        WAITS.labels(queue)
    for kind in Kind:
        for reason in REASONS:
            LOSSES.labels(kind, reason)
        for meter in (RUNS, STEPS, RUNNING):
            meter.labels(kind)


@contextmanager
def claiming(queue: str) -> Iterator[None]:
    """Count how long a claim takes."""
    with CLAIMS.labels(queue).time():
        yield


def waited(queue: str, created: datetime, started: datetime | None) -> None:
    """Count how long a job waited that starts for the first time."""
    if started is not None:
        WAITS.labels(queue).observe(max(0.0, (started - created).total_seconds()))


@contextmanager
def running(kind: str) -> Iterator[None]:
    """Count a job while it runs, and its time."""
    began = time.monotonic()
    RUNNING.labels(kind).inc()
    try:
        yield
    finally:
        RUNNING.labels(kind).dec()
        RUNS.labels(kind).inc(time.monotonic() - began)


def note_memory(process: int) -> None:
    """Note what this process holds; ``process`` is its place in the pool."""
    if (held := memory.held()) is not None:
        MEMORY.labels(str(process)).set(held)


class Steps:
    """Counts the steps of one training run, whose reports tell how far its epoch is."""

    def __init__(self, epoch: int, step: int):
        self._at, self._meter = (epoch, step), STEPS.labels(Kind.TRAIN)

    def reached(self, epoch: int, step: int) -> None:
        """Count what was done since the last report; steps are counted anew in each epoch."""
        last_epoch, last_step = self._at
        done = step - (last_step if epoch == last_epoch else 0)
        self._at = epoch, step
        self._meter.inc(max(0, done))
