"""Where requests are counted: in Redis, and in this process for as long as Redis is away.

Who asks waits for nobody: the first request that Redis does not answer pays its short time, and
those after it are counted here at once, while a thread looks every second whether it is back.
"""

import threading
import time
from typing import Any

import structlog
from limits.storage import MemoryStorage, RedisStorage, Storage
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry

log = structlog.get_logger(__name__)

# A Redis server on the same network answers within one.
ANSWER_SECONDS = 0.05
LOOK_SECONDS = 1.0
SCHEME = "watched"
OPTIONS: dict[str, Any] = {
    "socket_timeout": ANSWER_SECONDS,
    "socket_connect_timeout": ANSWER_SECONDS,
    # Its client would try again for seconds.
    "retry": Retry(NoBackoff(), 0),
}


class WatchedRedis(Storage):
    """Counts in the Redis server at ``address``, or here."""

    STORAGE_SCHEME = [SCHEME]  # noqa: RUF012  (the library reads it from the class)

    def __init__(self, uri: str | None = None, address: str = "", **_: Any):
        super().__init__(uri)
        self._redis = RedisStorage(address, key_prefix="charloom-requests", **OPTIONS)
        self._here: MemoryStorage | None = None
        self._away, self._looked = False, 0.0
        self._turn = threading.Lock()

    @property
    def base_exceptions(self) -> type[Exception]:
        """What is raised where counting fails: never, as there is always here."""
        return RedisError

    def incr(self, key: str, expiry: int, amount: int = 1) -> int:
        """Count, for ``expiry`` seconds."""
        return int(self._ask("incr", key, expiry, amount))

    def get(self, key: str) -> int:
        """Return what was counted."""
        return int(self._ask("get", key))

    def get_expiry(self, key: str) -> float:
        """Return when counting begins anew."""
        return float(self._ask("get_expiry", key))

    def clear(self, key: str) -> None:
        """Begin anew."""
        self._ask("clear", key)

    def check(self) -> bool:
        """Tell whether counting is possible."""
        return True

    def reset(self) -> int | None:
        """Begin everything anew."""
        found: int | None = self._ask("reset")
        return found

    def _ask(self, name: str, *arguments: Any) -> Any:
        if self._away:
            self._look_again()
        else:
            try:
                return getattr(self._redis, name)(*arguments)
            except RedisError as error:
                self._lose(error)
        return getattr(self._memory(), name)(*arguments)

    def _memory(self) -> MemoryStorage:
        # Made when it is needed: it comes with a thread.
        with self._turn:
            self._here = self._here or MemoryStorage()
            return self._here

    def _lose(self, error: RedisError) -> None:
        with self._turn:
            first, self._away, self._looked = not self._away, True, time.monotonic()
        if first:
            log.warning("requests are counted here: Redis is away", error=str(error))

    def _look_again(self) -> None:
        """Have it looked, at most once a second, whether Redis is back; wait for nothing."""
        with self._turn:
            if time.monotonic() - self._looked < LOOK_SECONDS:
                return
            self._looked = time.monotonic()
        threading.Thread(target=self._look, name="redis-look", daemon=True).start()

    def _look(self) -> None:
        if self._redis.check():
            self._away = False
            log.info("requests are counted in Redis again")
