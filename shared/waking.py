"""Wakes: "this job has news", told to whoever listens; the news themselves are in the database.

Redis carries them and keeps none. One that is lost costs a listener a second: it looks by itself
now and then, and often while Redis is away.
"""

import time
from typing import Any, Protocol

import structlog
from redis import Redis, RedisError
from redis.backoff import NoBackoff
from redis.retry import Retry

from shared.background import Background

CHANNEL = "charloom.news"
# How long a server may take to connect, and to answer.
CONNECT_SECONDS, ANSWER_SECONDS = 2.0, 3.0
# How often Redis is tried while it is away, and how often whoever listens then looks by himself.
AGAIN_SECONDS, LOOK_SECONDS = 5.0, 0.5
# So many messages are heard at once: whoever sends them without end keeps nobody from reading.
MOST_HEARD = 1_000

log = structlog.get_logger(__name__)


class Wakes(Protocol):
    """Tells that jobs have news."""

    def wake(self, job_id: str) -> None:
        """Tell that a job has news. Never waits, never raises."""
        ...


class NullWakes:
    """Tells nobody."""

    def wake(self, job_id: str) -> None:
        """Do nothing."""


class FakeWakes:
    """Remembers what was told, for unit tests."""

    def __init__(self) -> None:
        self.told: list[str] = []

    def wake(self, job_id: str) -> None:
        """Remember the job."""
        self.told.append(job_id)


class RedisWakes:
    """Tells it through Redis, from a thread of its own."""

    def __init__(self, url: str):
        self._redis, self._away = connection(url), False
        self._background = Background("wakes", self._publish)

    def wake(self, job_id: str) -> None:
        """Have it told; while Redis is away nobody is."""
        self._background.add(job_id)

    def _publish(self, job_id: str) -> None:
        try:
            self._redis.publish(CHANNEL, job_id)
            self._away = False
        except (RedisError, OSError) as error:
            if not self._away:
                log.warning("listeners not woken, they look by themselves", error=str(error))
            self._away = True


class Doorbell:
    """Hears which jobs have news. For one thread."""

    def __init__(self, url: str):
        self._url = url
        self._bell: Any = None
        self._tried = float("-inf")

    def wait(self, seconds: float) -> set[str] | None:
        """Wait until a job has news; return those that have, or None where any may have.

        An empty set after ``seconds`` without news. While Redis is away it waits for less, and
        any job may have some.
        """
        if self._bell is None:
            self._connect()
            time.sleep(0 if self._bell else min(seconds, LOOK_SECONDS))
            return None
        try:
            return self._heard(seconds)
        except (RedisError, OSError) as error:
            log.warning("no wakes: Redis is away", error=str(error))
            self.close()
            return None

    def close(self) -> None:
        """Stop hearing; the next wait begins anew."""
        if self._bell is not None:
            self._bell.close()
        self._bell = None

    def _heard(self, seconds: float) -> set[str]:
        heard, timeout = set(), seconds
        for _ in range(MOST_HEARD):
            if not (message := self._bell.get_message(timeout=timeout)):
                break
            if message["type"] == "message":
                # Whoever reaches Redis may send bytes that are no text.
                heard.add(message["data"].decode(errors="replace"))
            timeout = 0.0
        return heard

    def _connect(self) -> None:
        if time.monotonic() - self._tried < AGAIN_SECONDS:
            return
        self._tried = time.monotonic()
        bell: Any = connection(self._url).pubsub()  # type: ignore[no-untyped-call]
        try:
            bell.subscribe(CHANNEL)
            self._bell = bell
        except (RedisError, OSError):
            bell.close()


def connection(url: str) -> "Redis":
    """Return a client that fails at once: its own retries take six seconds."""
    return Redis.from_url(
        url,
        socket_connect_timeout=CONNECT_SECONDS,
        socket_timeout=ANSWER_SECONDS,
        retry=Retry(NoBackoff(), 0),
    )
