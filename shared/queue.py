"""The Celery app's configuration, and tickets: "there is work on this queue", no more.

Settings as measured: see the comments. A ticket carries no job, so one that is lost,
doubled or late breaks nothing.
"""

from typing import Any, Protocol

import structlog
from celery import Celery
from kombu.entity import Queue

from shared.background import Background
from shared.settings import Settings

QUEUES = ("train", "generate", "maintenance")
# A ticket that nobody took in this time is worthless: the sweeper sends others.
TICKET_SECONDS = 3600

log = structlog.get_logger(__name__)


class Tickets(Protocol):
    """Sends tickets."""

    def send(self, queue: str) -> bool:
        """Send one ticket; tell whether it went out. Never raises for a broker that is down."""
        ...

    def waiting(self, queue: str) -> int | None:
        """Return how many tickets are out that nobody took yet, or None when it cannot be told."""
        ...


class NullTickets:
    """Sends nothing: for processes that only read, and for tools."""

    def send(self, queue: str) -> bool:
        """Drop the ticket."""
        return False

    def waiting(self, queue: str) -> int | None:
        """Know of none."""
        return None


class FakeTickets:
    """Remembers what was sent, for unit tests."""

    def __init__(self) -> None:
        self.sent: list[str] = []

    def send(self, queue: str) -> bool:
        """Remember the ticket."""
        self.sent.append(queue)
        return True

    def waiting(self, queue: str) -> int | None:
        """Count those that were sent: nobody takes them."""
        return self.sent.count(queue)


class CeleryTickets:
    """Sends tickets through the broker, by task name: the sender never imports the tasks."""

    def __init__(self, app: Celery):
        self._app = app

    def send(self, queue: str) -> bool:
        """Send one ticket within seconds, or log why not: the sweeper will make up for it."""
        try:
            self._app.send_task(
                f"charloom.{queue}", queue=queue, expires=TICKET_SECONDS, retry=False
            )
        except Exception as error:
            log.warning("ticket not sent", queue=queue, error=str(error))
            return False
        return True

    def waiting(self, queue: str) -> int | None:
        """Return the length of the broker's list, or None while the broker is away."""
        try:
            with self._app.connection_for_read() as connection:
                # Not default_channel, which would try again for ever.
                return int(connection.channel().client.llen(queue))
        except Exception as error:
            log.warning("tickets not counted", queue=queue, error=str(error))
            return None


class BackgroundTickets:
    """Sends tickets from a thread of its own, so that no request waits for a broker that is away.

    Redis' client tries a refused connection for six seconds, whatever the transport is told.
    """

    def __init__(self, tickets: Tickets):
        self._tickets = tickets
        self._background = Background("tickets", tickets.send)

    def send(self, queue: str) -> bool:
        """Have a ticket sent, unless one for this queue is still waiting to be."""
        self._background.add(queue)
        return True

    def waiting(self, queue: str) -> int | None:
        """Ask the broker, in this thread."""
        return self._tickets.waiting(queue)


def make_celery(settings: Settings) -> Celery:
    """Return a Celery app with the settings that held under faults; tasks are not imported."""
    app = Celery("charloom", broker=settings.redis_url)
    app.conf.update(celery_settings(settings))
    return app


def celery_settings(settings: Settings) -> dict[str, Any]:
    """Return Celery's configuration, with the reason of each unusual value."""
    return {
        "task_queues": [Queue(name) for name in QUEUES],  # type: ignore[no-untyped-call]
        "task_default_queue": "maintenance",
        "accept_content": ["json"],
        "task_serializer": "json",
        # No result backend: its outage would turn finished work into failures.
        "result_backend": None,
        "task_ignore_result": True,
        # Early: a late acknowledgement runs a long task again after the visibility timeout.
        "task_acks_late": False,
        "task_reject_on_worker_lost": False,
        # Both: else a reserved message is restored again and again, or stranded.
        "worker_prefetch_multiplier": 1,
        "worker_disable_prefetch": True,
        "worker_pool": "prefork",
        # A child imports TensorFlow before it is up; the default of 4 s kills it in a loop.
        "worker_proc_alive_timeout": 180,
        # True would kill a training run whenever Redis restarts.
        "worker_cancel_long_running_tasks_on_connection_loss": False,
        "worker_hijack_root_logger": False,
        # Of use to Flower alone; two messages a ticket.
        "worker_send_task_events": settings.task_events,
        # Whoever reaches the broker could tell all workers to stop.
        "worker_enable_remote_control": False,
        "broker_connection_retry_on_startup": True,
        # None: for ever. With a number the worker exits when Redis is away for longer.
        "broker_connection_max_retries": None,
        # Publishing to a hung Redis blocked for over 20 s without these.
        "broker_transport_options": {"socket_timeout": 5, "socket_connect_timeout": 3},
        "redis_socket_timeout": 5.0,
        "redis_socket_connect_timeout": 3.0,
        "enable_utc": True,
        "beat_schedule": {
            name: {
                "task": f"charloom.{name}",
                "schedule": settings.sweep_seconds,
                # A round that waited for longer than its period would only repeat the next.
                "options": {"queue": "maintenance", "expires": settings.sweep_seconds},
            }
            for name in ("sweep", "schedules", "notices")
        },
    }
