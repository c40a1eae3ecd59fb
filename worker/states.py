"""Saves resume states inside an epoch from a thread of its own, so that training does not wait."""

import time
from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType
from typing import Self

import structlog

from shared.blobs import slices
from shared.jobs.records import save_state
from shared.jobs.rows import Lease
from worker.engine.state import TrainingState
from worker.node import Node

log = structlog.get_logger(__name__)


class StateSaver:
    """Saves one state at a time; where the database is slow, states are saved less often."""

    def __init__(self, node: Node, lease: Lease):
        self._node, self._lease = node, lease
        self._thread = ThreadPoolExecutor(1, "states")
        self._saving: Future[None] | None = None
        self._begun = time.monotonic()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 trace: TracebackType | None) -> None:  # fmt: skip
        self._thread.shutdown()

    def due(self) -> bool:
        """Tell whether a state shall be saved now. Raises ``LeaseLost``."""
        if self._saving is not None and self._saving.done():
            self.finish()
        waited = time.monotonic() - self._begun
        return self._saving is None and waited >= self._node.settings.state_seconds

    def save(self, state: TrainingState) -> None:
        """Begin to save a state that nobody changes any more."""
        self._begun = time.monotonic()
        self._saving = self._thread.submit(self._save, state)

    def finish(self) -> None:
        """Wait for the state that is being saved, so that none is saved behind a later one.

        Raises ``LeaseLost``.
        """
        saving, self._saving = self._saving, None
        self._begun = time.monotonic()
        if saving is not None:
            saving.result()

    def _save(self, state: TrainingState) -> None:
        data = state.to_bytes(self._lease.job_id)
        blob = self._node.store(lambda: slices(data))
        self._node.write(lambda session: save_state(session, self._lease, blob))
        log.debug("state saved", epoch=state.position.epoch, step=state.position.step)
