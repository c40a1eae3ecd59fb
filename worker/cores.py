"""How many cores this process may use, and how training runs share them."""

import os
from collections.abc import MutableMapping

# One training run keeps about so many busy: its matrices are too small for more threads to help,
# and the steps of a recurrence wait for each other.
CORES_A_RUN = 4
# TensorFlow itself takes some 600 MB; a run of the presets stays below this.
MEMORY_A_RUN = 2 * 1024**3
# Read when TensorFlow and what it computes with load.
THREADS = ("TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS", "OMP_NUM_THREADS")


def count() -> int:
    """Return the cores that this process may use."""
    # Not everywhere can a process be bound to some of the cores.
    bound = getattr(os, "sched_getaffinity", None)
    return len(bound(0)) if bound else os.cpu_count() or 1


def runs(cores: int, memory: int | None) -> int:
    """Return how many training runs fit side by side: one on up to seven cores."""
    most = cores // CORES_A_RUN
    return max(1, most if memory is None else min(most, memory // MEMORY_A_RUN))


def share(slots: int, cores: int, env: MutableMapping[str, str] | None = None) -> int:
    """Let this process use its share of the cores, before TensorFlow loads; return how many.

    A process that is alone keeps what TensorFlow chooses: its weights depend, in their last bits,
    on the number of threads. What an operator set stays.
    """
    own = max(1, cores // slots)
    if slots > 1:
        for name in THREADS:
            (os.environ if env is None else env).setdefault(name, str(own))
    return own
