"""What a pool process works with, made once after the fork."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from threading import Event
from typing import TypeVar

import structlog
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from shared.blobs import StoredBlob, write_blob
from shared.db import Database, is_away
from shared.errors import StoreAway
from shared.nodes.needs import PLAIN, Able
from shared.settings import Settings
from shared.tracing import Tracer
from worker.board import Slot
from worker.memory import Allowance
from worker.stopping import StopFlag

T = TypeVar("T")
RETRY_SECONDS = (0.5, 1, 2, 5)

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Node:
    """The collaborators of tasks and runners.

    ``slot`` is where this process writes which job it runs; ``give_up`` ends a process that hangs;
    ``leave`` has one replaced that has used up its ``allowance``. ``able`` is what its jobs may ask
    for; ``drained`` is set while what runs is to be handed back.
    """

    settings: Settings
    db: Database
    name: str
    stop: StopFlag
    slot: Slot = field(default_factory=Slot)
    give_up: Callable[[], None] = field(default=lambda: None)
    leave: Callable[[], None] = field(default=lambda: None)
    allowance: Allowance = field(default_factory=Allowance)
    tracer: Tracer = field(default_factory=Tracer)
    able: Able = PLAIN
    drained: Event = field(default_factory=Event)

    def must_stop(self) -> bool:
        """Tell whether what runs here shall be handed back."""
        return self.stop.is_up() or self.drained.is_set()

    def write(self, change: Callable[[Session], T]) -> T:
        """Do ``change`` in a transaction, as ``keep_trying`` does."""
        return self.keep_trying(lambda: self._write(change))

    def store(self, pieces: Callable[[], Iterator[bytes]]) -> StoredBlob:
        """Store what ``pieces`` yields each time it is called, as ``keep_trying`` does."""
        return self.keep_trying(lambda: write_blob(self.db, pieces()))

    def keep_trying(self, action: Callable[[], T]) -> T:
        """Do ``action``; while the database or the store is away, keep the work and try again.

        Raises their error when this worker is told to stop meanwhile, and the store's before the
        run counts as one that hangs: the database answers then, and the job is better handed back.
        """
        began = time.monotonic()
        for delay in _delays():
            try:
                return action()
            except (SQLAlchemyError, StoreAway) as error:
                late = time.monotonic() - began > self.settings.stall_seconds / 2
                if self.must_give_up(error) or (late and isinstance(error, StoreAway)):
                    raise
                log.warning("database or store is away, will try again", error=_short(error))
                time.sleep(delay)
        raise AssertionError("unreachable: the delays never end")

    def must_give_up(self, error: Exception) -> bool:
        """Tell whether trying again after ``error`` is of no use, or not wanted any more."""
        return self.stop.is_up() or not is_away(error)

    def _write(self, change: Callable[[Session], T]) -> T:
        with self.db.write() as session:
            return change(session)


def _delays() -> Iterator[float]:
    yield from RETRY_SECONDS
    while True:
        yield RETRY_SECONDS[-1]


def _short(error: Exception) -> str:
    """Return what happened without the statement and its values."""
    return str(getattr(error, "orig", None) or error).strip()
