"""One thread for what no caller shall wait for."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Lock


class Background:
    """Does something with keys, one after the other, in a thread of its own.

    A key that is still waiting is not added again: doing it once serves both. So little waits,
    however long one takes.
    """

    def __init__(self, name: str, do: Callable[[str], object]):
        self._do = do
        self._thread = ThreadPoolExecutor(1, name)
        self._waiting: set[str] = set()
        self._lock = Lock()

    def add(self, key: str) -> None:
        """Have it done."""
        with self._lock:
            if key not in self._waiting:
                self._waiting.add(key)
                self._thread.submit(self._run, key)

    def _run(self, key: str) -> None:
        # Cleared before it is done: what happens from now on needs another turn.
        with self._lock:
            self._waiting.discard(key)
        self._do(key)
