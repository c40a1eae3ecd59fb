"""Tells that this pool process is there, from a thread, for as long as it is."""

import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import structlog
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from shared.db import now
from shared.ids import new_id
from shared.nodes.services import Machine, see_node
from shared.workers.services import Process, leave, see
from worker import meters
from worker.machine import load
from worker.node import Node

log = structlog.get_logger(__name__)

# Of the time after which a silent worker counts as gone.
SHARE = 1 / 3
END_SECONDS = 2


@dataclass(frozen=True)
class Here:
    """Where a process is: one of ``slots`` of a worker on a machine.

    That of ``place`` 0 tells the machine's load: once is enough, and asking cards takes a moment.
    """

    machine: Machine
    slots: int = 1
    place: int = 0

    def load(self) -> dict[str, Any] | None:
        """Return what the machine does now, if this process is to tell."""
        cards = any(device["kind"] == "gpu" for device in self.machine.devices)
        return load(cards) if self.place == 0 else None


class Presence:
    """Writes the row of one process every third of a lease, and deletes it at the end.

    With it the row of the machine where it is, and hears whether that is drained.
    """

    def __init__(
        self,
        node: Node,
        queues: set[str],
        device: str,
        speed: float | None = None,
        here: Here | None = None,
    ):
        held = node.able.memory, node.able.card
        self._node, self._here = node, here
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
        self._see()
        while not self._done.wait(self._node.settings.lease_seconds * SHARE):
            meters.note_memory(self._here.place if self._here else 0)
            self._see()
        self._write(leave)

    def _see(self) -> None:
        here = self._here
        if here is None:
            self._write(see)
            return
        doing = here.load()
        self._write(lambda session, _: self._see_both(session, here, doing))

    def _see_both(self, session: Session, here: Here, doing: dict[str, Any] | None) -> None:
        """Write both rows, the node's first; note whether what runs is to be handed back."""
        own = self.process.speed
        heard = see_node(session, here.machine, doing, own and own * here.slots)
        self.process = replace(self.process, node_id=heard.id)
        see(session, self.process)
        if heard.hand_back:
            self._node.drained.set()
        else:
            self._node.drained.clear()

    def _write(self, change: Callable[[Session, Process], None]) -> None:
        try:
            with self._node.db.write() as session:
                change(session, self.process)
        except SQLAlchemyError as error:
            log.info("could not tell that this process is there", error=str(error))
