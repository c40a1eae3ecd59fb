"""One flag that the worker's main process raises and its pool processes see within moments.

Celery tells only its main process that it shall stop. A byte of memory that is shared since
before the fork reaches a pool process in the middle of a training run.
"""

import mmap


class StopRequested(Exception):
    """The run shall stop, and has nothing to save yet."""


class StopFlag:
    """A flag shared with every process forked after it was made."""

    def __init__(self) -> None:
        self._byte = mmap.mmap(-1, 1)

    def raise_(self) -> None:
        """Ask the pool processes to hand their jobs back."""
        self._byte[0] = 1

    def is_up(self) -> bool:
        """Tell whether this worker was told to stop."""
        return self._byte[0] == 1
