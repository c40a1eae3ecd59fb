"""How fast this node multiplies matrices, measured in a moment and without TensorFlow."""

import time

import numpy as np
from numpy.typing import NDArray

SECONDS = 0.1
# Small enough to be multiplied on one core: on several at once, whatever else runs here would
# be waited for.
ROWS, UNITS = 16, 64


def measure(queues: set[str], device: str, cores: int) -> float | None:
    """Return the floating-point operations a second of ``cores``; None where nothing is trained.

    Nor is a card measured: how long a recurrence takes there is no matter of products.
    """
    if "train" not in queues or device != "cpu":
        return None
    rows = np.ones((ROWS, UNITS), np.float32)
    weights = np.ones((UNITS, 4 * UNITS), np.float32)
    # The best of many: another program on this core only makes some of them slower.
    end, best = time.perf_counter() + SECONDS, float("inf")
    while time.perf_counter() < end:
        best = min(best, _product(rows, weights))
    return 2 * ROWS * UNITS * 4 * UNITS / best * cores


def _product(rows: NDArray[np.float32], weights: NDArray[np.float32]) -> float:
    """Return the seconds that a product takes."""
    begin = time.perf_counter()
    np.matmul(rows, weights)
    return time.perf_counter() - begin
