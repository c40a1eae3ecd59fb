"""``/metrics``: what Prometheus asks for, read from the database at each question.

So every process of the web server answers the same, and none has to be asked twice.
"""

from collections.abc import Iterator

from apiflask import APIBlueprint
from flask import Response
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from shared.jobs.queries import count_jobs, oldest_waiting
from shared.queue import QUEUES
from shared.workers.queries import count_alive
from web.context import Services, services

metrics = APIBlueprint("metrics", __name__, enable_openapi=False)


class State(Collector):
    """The state of jobs and workers, as it is now."""

    def __init__(self, found: Services):
        self._found = found

    def collect(self) -> Iterator[Metric]:
        """Yield the families. Raises the database's errors."""
        with self._found.db.read() as session:
            jobs = count_jobs(session)
            waits = oldest_waiting(session)
            alive = count_alive(session, self._found.settings.lease_seconds)
        family = GaugeMetricFamily("charloom_jobs", "Jobs there are.", labels=["kind", "status"])
        for kind, status, count in jobs:
            family.add_metric([kind, status], count)
        yield family
        yield _by_queue("charloom_oldest_queued_seconds", "How long a queue's oldest job is "
                        "there that waits; 0 where none does.", waits)  # fmt: skip
        yield _by_queue("charloom_workers", "Workers seen within a lease's time.", alive)


def _by_queue(name: str, text: str, values: dict[str, int] | dict[str, float]) -> Metric:
    family = GaugeMetricFamily(name, text, labels=["queue"])
    for queue in QUEUES:
        family.add_metric([queue], values.get(queue, 0))
    return family


@metrics.get("/metrics")
def show() -> Response:
    """Answer in Prometheus' text format; nothing in it names a job or a text."""
    registry = CollectorRegistry()
    registry.register(State(services()))
    return Response(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)
