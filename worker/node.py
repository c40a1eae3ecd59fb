"""What a pool process works with, made once after the fork."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TypeVar

import structlog
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from shared.db import Database
from shared.settings import Settings
from worker.stopping import StopFlag

T = TypeVar("T")
RETRY_SECONDS = (0.5, 1, 2, 5)

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Node:
    """The collaborators of tasks and runners."""

    settings: Settings
    db: Database
    name: str
    stop: StopFlag

    def write(self, change: Callable[[Session], T]) -> T:
        """Do ``change`` in a transaction; while the database is away, keep the work and try again.

        Raises the database's error only when this worker is told to stop meanwhile.
        """
        for delay in _delays():
            try:
                with self.db.write() as session:
                    return change(session)
            except OperationalError as error:
                if self.stop.is_up():
                    raise
                log.warning("database is away, will write later", error=str(error.orig))
                time.sleep(delay)
        raise AssertionError("unreachable: the delays never end")


def _delays() -> Iterator[float]:
    yield from RETRY_SECONDS
    while True:
        yield RETRY_SECONDS[-1]
