"""The jobs: what they are asked to do, and a supply of them that never runs dry."""

import threading
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count, cycle
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.exc import SQLAlchemyError

from shared.jobs.models import Job, Status
from tests.chaos.api import Api
from tests.chaos.served import Served

PERIOD = 0.5
# Unfinished jobs of each kind that are kept: enough for two training nodes and a queue.
KEPT = {"train": 3, "generate": 1}
FINAL = (Status.SUCCEEDED, Status.FAILED)
PATHS = {"train": "/training-jobs", "generate": "/generation-jobs"}

# Three to eight seconds each on two cores, so that faults find them at work.
SIZE = {"window": 100, "units": 128}
TRAINING: dict[str, dict[str, Any]] = {
    "plain": {"epochs": 3, "max_windows": 4800, "rng_seed": 1},
    "adam": {
        "epochs": 3, "max_windows": 4800, "rng_seed": 2, "optimizer": "adam", "dropout": 0.2,
        "schedule": "cosine", "ema_momentum": 0.99,
    },
    "deep": {"epochs": 4, "max_windows": 2400, "rng_seed": 3, "layers": 2, "cell": "gru"},
    "many epochs": {"epochs": 5, "max_windows": 3200, "rng_seed": 4, "loss_at": "every"},
}  # fmt: skip
GENERATION: dict[str, dict[str, Any]] = {
    "window": {"context": "window", "length": 2500, "count": 2, "rng_seed": 5},
    "state": {"context": "state", "length": 200_000, "count": 3, "rng_seed": 6},
}


@dataclass(frozen=True)
class Order:
    """What one kind of job is: its queue and the body of its submission."""

    name: str
    kind: str
    body: dict[str, Any]


@dataclass(frozen=True)
class Row:
    """What the suite watches of a job."""

    id: str
    kind: str
    status: str
    attempt: int
    worker: str | None
    progress: dict[str, Any]

    @property
    def pid(self) -> int | None:
        """The pool process that runs it; it is the end of the worker's name."""
        return int(self.worker.rsplit(":", 1)[1]) if self.worker else None

    @property
    def fraction(self) -> float:
        """How much of it was done when that was last reported."""
        return float(self.progress.get("fraction") or 0)


Picture = dict[str, Row]


def picture(service: Served) -> Picture | None:
    """Return every job as it stands now, or None while the database is away."""
    columns = (Job.id, Job.kind, Job.status, Job.attempt, Job.worker, Job.progress)
    try:
        with service.db.read() as session:
            return {row.id: Row(*row) for row in session.execute(select(*columns))}
    except SQLAlchemyError:
        return None


def training_orders(
    corpus_id: str, names: Iterable[str], changes: Mapping[str, Any]
) -> list[Order]:
    """Return the named training orders on a corpus, with what they have otherwise."""
    common = {"corpus_id": corpus_id, "preset": "tiny", "sample_length": 60} | SIZE
    return [Order(name, "train", common | TRAINING[name] | dict(changes)) for name in names]


def generation_orders(checkpoint_id: str) -> list[Order]:
    """Return the generation orders that write with a checkpoint."""
    common = {"checkpoint_id": checkpoint_id}
    return [Order(name, "generate", common | body) for name, body in GENERATION.items()]


class Supply:
    """Submits jobs from a thread of its own: as many as finish, and at least ``least``."""

    def __init__(self, service: Served, orders: list[Order], least: int):
        self._service, self._least = service, least
        self._next = {
            kind: cycle([order for order in orders if order.kind == kind]) for kind in PATHS
        }
        self._numbers, self._over = count(1), threading.Event()
        self._thread = threading.Thread(target=self._run, name="supply")
        self._error: BaseException | None = None
        self.submitted: dict[str, Order] = {}
        self.sent_twice = 0

    @contextmanager
    def running(self) -> Iterator[None]:
        """Submit until the block ends; raises what went wrong meanwhile."""
        self._thread.start()
        try:
            yield
        finally:
            self.stop()
            self._thread.join()
        if self._error is not None:
            raise self._error

    def stop(self) -> None:
        """Submit no more than what is missing of the least number."""
        self._over.set()

    @property
    def done(self) -> bool:
        """Whether the last job has been submitted."""
        return not self._thread.is_alive()

    def _run(self) -> None:
        try:
            with self._service.api() as api:
                while not self._over.wait(PERIOD):
                    for kind, missing in self._missing().items():
                        for _ in range(missing):
                            self._submit(api, kind)
                while len(self.submitted) < self._least:
                    self._submit(api, "train")
        except BaseException as error:
            self._error = error

    def _missing(self) -> dict[str, int]:
        query = (
            select(Job.kind, func.count())
            .where(Job.id.in_(self.submitted), Job.status.not_in(FINAL))
            .group_by(Job.kind)
        )
        try:
            with self._service.db.read() as session:
                there = {kind: number for kind, number in session.execute(query)}  # noqa: C416
        except SQLAlchemyError:
            return {}
        return {kind: kept - there.get(kind, 0) for kind, kept in KEPT.items()}

    def _submit(self, api: Api, kind: str) -> None:
        order, number = next(self._next[kind]), next(self._numbers)
        key = f"chaos {number}"
        body = order.body | {"name": f"{order.name} {number}"}
        job = api.submit(PATHS[kind], key, body)
        self.submitted[job["id"]] = order
        # As a caller does that heard no answer: it must get the same job.
        if number % 3 == 0:
            assert api.submit(PATHS[kind], key, body)["id"] == job["id"]
            self.sent_twice += 1
