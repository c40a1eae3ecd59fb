"""What processes count for Prometheus, in the process or in files that those of one server share.

A meter counts wherever it is imported; whether anybody looks is another matter (``told``). Where
several processes make one server, each counts in files of its own in one folder, and whichever is
asked adds them up.
"""

import os
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

from prometheus_client import (
    CollectorRegistry,
    Counter,
    disable_created_metrics,
    generate_latest,
    values,
)
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

# Where no slow disk holds up who counts.
MEMORY_FOLDER = Path("/dev/shm")  # noqa: S108  # nosec B108

# The time since when each is counted would double the number of lines.
disable_created_metrics()  # type: ignore[no-untyped-call]
METERS = CollectorRegistry()
MOVES = Counter(
    "charloom_job_moves", "Jobs that came to a status.", ["kind", "status"], registry=METERS
)
LOSSES = Counter(
    "charloom_job_losses",
    "Runs that were taken back because their worker was gone.",
    ["kind", "reason"],
    registry=METERS,
)


class SharedFolder:
    """The files of the processes of one server, for as long as it runs."""

    def __init__(self, process: Callable[[], object] = os.getpid):
        """Make it before the fork. ``process`` tells the processes apart."""
        in_memory = str(MEMORY_FOLDER) if os.access(MEMORY_FOLDER, os.W_OK) else None
        self.path = Path(tempfile.mkdtemp(prefix="charloom-meters-", dir=in_memory))
        self._process, self._maker = process, os.getpid()
        # Read by the library at each new file.
        os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(self.path)
        # Chosen by the library when it is imported: too early for a folder that is made here.
        values.ValueClass = values.MultiProcessValue(process)  # type: ignore[no-untyped-call]

    def begin_process(self) -> None:
        """Drop what a process that this one replaces said of itself; its counts go on."""
        for path in self.path.glob(f"gauge_*_{self._process()}.db"):
            path.unlink(missing_ok=True)

    def remove(self) -> None:
        """Delete the files; in the process that made them only."""
        if os.getpid() == self._maker:
            shutil.rmtree(self.path, ignore_errors=True)


def told(*more: Collector, folder: Path | None = None) -> bytes:
    """Return what is counted, in Prometheus' text format, and what ``more`` collect."""
    registry = CollectorRegistry()
    if folder is None:
        registry.register(METERS)
    else:
        MultiProcessCollector(registry, str(folder))  # type: ignore[no-untyped-call]
    for collector in more:
        registry.register(collector)
    return generate_latest(registry)
