"""Threads for what would hold up others: who takes back jobs must not wait for a slow server."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Semaphore
from typing import Generic, TypeVar

import structlog

from worker.node import Node

T = TypeVar("T")
log = structlog.get_logger(__name__)


class Crew(Generic[T]):
    """Does what ``claim`` finds, a few at a time; whatever fails is left to its claim's end."""

    def __init__(
        self,
        name: str,
        claim: Callable[[Node], T | None],
        do: Callable[[Node, T], object],
        threads: int = 4,
    ):
        self._name, self._claim, self._do = name, claim, do
        self._threads = ThreadPoolExecutor(threads, name)
        self._free = Semaphore(threads)

    def work(self, node: Node) -> None:
        """Have done what waits, as much as there are free threads."""
        while self._free.acquire(blocking=False):
            claimed = self._claim(node)
            if claimed is None:
                self._free.release()
                return
            self._threads.submit(self._work, node, claimed)

    def _work(self, node: Node, claimed: T) -> None:
        try:
            self._do(node, claimed)
        except Exception:
            log.exception("left to be claimed again", what=self._name)
        finally:
            self._free.release()
