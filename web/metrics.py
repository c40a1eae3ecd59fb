"""``/metrics``: what Prometheus asks for.

The state of jobs is read from the database at each question, so every process of the web server
answers the same; what each counts is added up, whichever is asked.
"""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import structlog
from apiflask import APIBlueprint
from flask import Response, current_app
from prometheus_client import CONTENT_TYPE_LATEST
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from shared.blobs import count_bytes
from shared.db import database_bytes
from shared.jobs.queries import count_jobs, oldest_waiting, queued_by_queue, waits_of_late
from shared.meters import told
from shared.notices.queries import count_notices
from shared.queue import QUEUES
from shared.workers.queries import count_alive
from web.context import Services, services

metrics = APIBlueprint("metrics", __name__, enable_openapi=False)
# Where an application keeps the folder in which its server's processes count.
FOLDER = "charloom.meters"

log = structlog.get_logger(__name__)


class State(Collector):
    """The state of jobs, workers and what is stored, as it is now."""

    def __init__(self, found: Services):
        self._found = found

    def collect(self) -> Iterator[Metric]:
        """Yield the families. Where the database is away that is all there is to tell."""
        families: list[Metric] = []
        try:
            with self._found.db.read() as session:
                families = list(self._of(session))
        except SQLAlchemyError as error:
            log.warning("metrics without the database", error=str(error))
        name, text = "charloom_database_up", "Whether the database answers: 1 or 0."
        yield GaugeMetricFamily(name, text, value=1 if families else 0)
        yield from families

    def _of(self, session: Session) -> Iterator[Metric]:
        jobs = count_jobs(session)
        yield _family("charloom_jobs", "Jobs there are.", ["kind", "status"],
                      {(kind, status): count for kind, status, count in jobs})  # fmt: skip
        for name, text, ask in BY_QUEUE:
            values = ask(session)
            filled = {(queue,): values.get(queue, 0) for queue in QUEUES}
            yield _family(name, text, ["queue"], filled)
        alive = count_alive(session, self._found.settings.lease_seconds)
        yield _family("charloom_workers", "Workers seen within a lease's time.", ["queue"],
                      {(queue,): alive.get(queue, 0) for queue in QUEUES})  # fmt: skip
        waits = waits_of_late(session)
        yield _family("charloom_start_wait_median_seconds", WAIT.format("Median"), ["queue"],
                      {(queue,): wait.median for queue, wait in waits.items()})  # fmt: skip
        yield _family("charloom_start_wait_max_seconds", WAIT.format("Longest"), ["queue"],
                      {(queue,): wait.longest for queue, wait in waits.items()})  # fmt: skip
        notices = {(status,): count for status, count in count_notices(session).items()}
        yield _family("charloom_notices", "Notices there are, webhooks and e-mail.", ["status"],
                      notices)  # fmt: skip
        for name, text, measure in SIZES:
            yield GaugeMetricFamily(name, text, value=measure(session))


Measures = tuple[str, str, Callable[[Session], float]]
WAIT = "{} wait from submission to start, of the queue's jobs among the last 500 submitted."
BY_QUEUE: tuple[tuple[str, str, Callable[[Session], Mapping[str, float]]], ...] = (
    ("charloom_queued_jobs", "Jobs that wait.", queued_by_queue),
    (
        "charloom_oldest_queued_seconds",
        "How long a queue's oldest job is there that waits; 0 where none does.",
        oldest_waiting,
    ),
)
SIZES: tuple[Measures, ...] = (
    ("charloom_blob_bytes", "Bytes of texts, models and states that are stored.", count_bytes),
    ("charloom_database_size_bytes", "Bytes of the database on its disk.", database_bytes),
)


def _family(name: str, text: str, labels: list[str], values: Mapping[Any, float]) -> Metric:
    family = GaugeMetricFamily(name, text, labels=labels)
    for of, value in values.items():
        family.add_metric(of, value)
    return family


@metrics.get("/metrics")
def show() -> Response:
    """Answer in Prometheus' text format; nothing in it names a job or a text."""
    folder: Path | None = current_app.extensions.get(FOLDER)
    return Response(told(State(services()), folder=folder), content_type=CONTENT_TYPE_LATEST)
