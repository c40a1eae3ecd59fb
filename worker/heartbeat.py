"""Renews a job's lease from a thread while the job computes, and hears what was requested."""

import threading
import time
from collections.abc import Iterable, Iterator
from types import TracebackType
from typing import Self, TypeVar

import structlog
from sqlalchemy.exc import SQLAlchemyError

from shared.errors import LeaseLost
from shared.jobs.rows import Lease
from shared.jobs.services import renew
from worker import meters
from worker.node import Node
from worker.stopping import StopRequested

log = structlog.get_logger(__name__)

# How long a run may take from its last move to the end of its block.
END_SECONDS = 0.5

T = TypeVar("T")


class Heartbeat:
    """Keeps one lease while its block runs.

    When the run makes no progress for ``stall_seconds`` it stops renewing and gives the process
    up: a hung run is then taken over by another worker, and its process replaced.
    """

    def __init__(self, node: Node, lease: Lease):
        self._node, self._lease = node, lease
        self._done = threading.Event()
        self._progressed_at = time.monotonic()
        self._lost = False
        self.requested: str | None = None
        self._thread = threading.Thread(target=self._beat, name="heartbeat", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 trace: TracebackType | None) -> None:  # fmt: skip
        self._done.set()
        self._thread.join()

    def progressed(self) -> None:
        """Note that the run is not hung. Raises ``LeaseLost`` once the lease is another's."""
        self._progressed_at = time.monotonic()
        if self._lost:
            raise LeaseLost(f"job {self._lease.job_id}: the lease went to another attempt")

    def should_stop(self) -> bool:
        """Tell whether the run shall save its state and stop. Raises ``LeaseLost``."""
        self.progressed()
        return self.requested is not None or self._node.must_stop()

    def watched(self, pieces: Iterable[T]) -> Iterator[T]:
        """Yield ``pieces``, each of which is progress.

        Raises ``StopRequested`` when the run shall stop, ``LeaseLost``.
        """
        for piece in pieces:
            if self.should_stop():
                raise StopRequested
            yield piece

    def _beat(self) -> None:
        settings = self._node.settings
        while not self._done.wait(settings.renew_seconds):
            silence = time.monotonic() - self._progressed_at
            if silence > settings.stall_seconds:
                log.error("no progress: the job is given up", seconds=round(silence))
                self._node.give_up()
                return
            if not self._renew():
                return

    def _renew(self) -> bool:
        try:
            with self._node.db.write() as session:
                self.requested = renew(session, self._lease, self._node.settings.lease_seconds)
        except LeaseLost as error:
            self._lost = True
            meters.RENEWALS.labels("lost").inc()
            # A run that has just ended by itself holds no lease either.
            if not self._done.wait(END_SECONDS):
                log.warning("lease lost", reason=str(error))
            return False
        except SQLAlchemyError as error:
            # A late renewal still counts, as long as nobody took the job.
            meters.RENEWALS.labels("failed").inc()
            log.warning("lease not renewed, will try again", error=str(error))
            # The run may be waiting for the database, too: that is no hang.
            self._progressed_at = time.monotonic()
        else:
            meters.RENEWALS.labels("renewed").inc()
        return True
