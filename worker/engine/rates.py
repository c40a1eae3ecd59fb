"""The learning rate of each step."""

import numpy as np
from numpy.typing import NDArray

from shared.specs import TrainingSpec


def learning_rates(spec: TrainingSpec, first: int, count: int, total: int) -> NDArray[np.float64]:
    """Return the rates (count,) of steps from ``first`` (0 is the run's first) of ``total``.

    The schedule's rate, which ends at its floor, times the warm-up's share. The cosine is that of
    Loshchilov and Hutter, "SGDR" (2017), without restarts.
    """
    steps = np.arange(first, first + count, dtype=np.float64)
    share = {
        "constant": np.ones_like(steps),
        "linear": 1 - steps / total,
        "cosine": (1 + np.cos(np.pi * steps / total)) / 2,
    }[spec.schedule]
    share = spec.rate_floor + (1 - spec.rate_floor) * share
    warm = np.minimum(1, (steps + 1) / max(1, spec.warmup_steps))
    return spec.learning_rate * share * warm
