"""Which pool process runs which job, in memory that outlives the process.

The parent makes the board before the fork. When it replaces a process that died, the replacement
finds on its slot the job that its predecessor ran, and queues it again at once instead of waiting
for the lease to run out. The parent itself never opens the database: connections do not survive
a fork.
"""

import mmap
import struct

from shared.jobs.rows import Lease

# attempt (0: none), then the job's id.
ENTRY = struct.Struct("<q36s")
SLOTS = 256


class Slot:
    """The place of one pool process; by default in memory of its own."""

    def __init__(self, memory: mmap.mmap | None = None, index: int = 0):
        self._memory, self._offset = memory or mmap.mmap(-1, ENTRY.size), index * ENTRY.size

    def hold(self, lease: Lease) -> None:
        """Note which job this process runs."""
        ENTRY.pack_into(self._memory, self._offset, lease.attempt, lease.job_id.encode())

    def clear(self) -> None:
        """Note that it runs none."""
        ENTRY.pack_into(self._memory, self._offset, 0, b"")

    def held(self) -> Lease | None:
        """Return the lease of the job that this slot's process runs, or ran when it died."""
        attempt, job_id = ENTRY.unpack_from(self._memory, self._offset)
        return Lease(job_id.decode(), attempt) if attempt else None


class Board:
    """A slot for every pool process; a replacement has the index of the one that died."""

    def __init__(self) -> None:
        self._memory = mmap.mmap(-1, SLOTS * ENTRY.size)

    def slot(self, index: int) -> Slot:
        """Return the slot of pool process ``index``; with more than 256 some have a private one."""
        return Slot(self._memory, index) if index < SLOTS else Slot()
