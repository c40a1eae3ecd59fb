"""The pool of a worker, whose processes can ask to be replaced between two tickets.

Celery's own limits look at a process by the number of its tickets, or by the most memory that it
ever had; one ticket may be hundreds of jobs, and a large job gives most of its memory back.
"""

import sys
import threading
from collections.abc import Callable
from typing import Any

from billiard.pool import EX_RECYCLE
from celery.concurrency import asynpool, prefork

# Raised in a process that shall be replaced.
_leaving = threading.Event()


def leave() -> None:
    """Have this process replaced as soon as its ticket is done; what it was sent goes to others."""
    _leaving.set()


class Worker(asynpool.Worker):  # type: ignore[misc]
    """A process of the pool."""

    def _make_child_methods(self, *args: Any, **kwargs: Any) -> None:
        super()._make_child_methods(*args, **kwargs)
        self.wait_for_job: Callable[..., Any] = _unless_leaving(self.wait_for_job)


class AsynPool(asynpool.AsynPool):  # type: ignore[misc]
    """The processes."""

    Worker = Worker


class TaskPool(prefork.TaskPool):  # type: ignore[misc]
    """The pool that Celery is told to use."""

    Pool = AsynPool


def _unless_leaving(take: Callable[..., Any]) -> Callable[..., Any]:
    def wary(*args: Any, **kwargs: Any) -> Any:
        if _leaving.is_set():
            # Its parent replaces it, and says nothing of it.
            sys.exit(EX_RECYCLE)
        return take(*args, **kwargs)

    return wary
