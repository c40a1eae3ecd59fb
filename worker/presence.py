"""Tells that this pool process is there, from a thread, for as long as it is."""

import threading
from collections.abc import Callable

import structlog
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from shared.db import now
from shared.ids import new_id
from shared.workers.services import Process, leave, see
from worker import devices, memory, meters
from worker.node import Node

log = structlog.get_logger(__name__)

# Of the time after which a silent worker counts as gone.
SHARE = 1 / 3
END_SECONDS = 2


class Presence:
    """Writes the row of one process every third of a lease, and deletes it at the end."""

    def __init__(self, node: Node, queues: set[str], device: str, speed: float | None = None,
                 place: int = 0):  # fmt: skip
        held = memory.available(), devices.memory_of(device)
        self._node, self._place = node, place
        self.process = Process(new_id(), node.name, sorted(queues), device, now(), speed, *held)
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._tell, name="presence", daemon=True)

    def start(self) -> None:
        """Begin; a database that is away holds nobody up."""
        self._thread.start()

    def end(self) -> None:
        """Say goodbye, if that is quick."""
        self._done.set()
        self._thread.join(END_SECONDS)

    def _tell(self) -> None:
        self._write(see)
        while not self._done.wait(self._node.settings.lease_seconds * SHARE):
            meters.note_memory(self._place)
            self._write(see)
        self._write(leave)

    def _write(self, change: Callable[[Session, Process], None]) -> None:
        try:
            with self._node.db.write() as session:
                change(session, self.process)
        except SQLAlchemyError as error:
            log.info("could not tell that this process is there", error=str(error))
