"""How fast something grows: Theil-Sen's slope, and what the noise lets it be."""

from dataclasses import dataclass
from math import sqrt

import numpy as np

# Of a normal distribution: 95 of 100 lie within so many deviations.
NORMAL = 1.96


@dataclass(frozen=True)
class Slope:
    """Units an hour: the median of all pairs' slopes, and its 95 % interval (Sen, 1968)."""

    value: float
    low: float
    high: float

    def __str__(self) -> str:
        """Return it in millions."""
        value, low, high = (f"{number / 1e6:+.1f}" for number in (self.value, self.low, self.high))
        return f"{value} ({low} to {high})"


def slope(seconds: list[float], values: list[float]) -> Slope:
    """Return how fast values grow that were seen at these times. Raises ``ValueError``."""
    n = len(seconds)
    if n < 3:
        raise ValueError(f"{n} points have no slope: at least 3 are needed")
    x, y = np.array(seconds) / 3600, np.array(values)
    first, second = np.triu_indices(n, 1)
    slopes = np.sort((y[second] - y[first]) / (x[second] - x[first]))
    reach = NORMAL * sqrt(n * (n - 1) * (2 * n + 5) / 18)
    low = max(0, round((len(slopes) - reach) / 2))
    high = min(len(slopes) - 1, round((len(slopes) + reach) / 2))
    return Slope(float(np.median(slopes)), float(slopes[low]), float(slopes[high]))


def thinned(
    seconds: list[float], values: list[float], width: float
) -> tuple[list[float], list[float]]:
    """Return the medians of stretches: neighbours are too alike to be counted each for itself."""
    groups: dict[int, list[int]] = {}
    for place, second in enumerate(seconds):
        groups.setdefault(int(second // width), []).append(place)
    return (
        [float(np.median([seconds[i] for i in group])) for group in groups.values()],
        [float(np.median([values[i] for i in group])) for group in groups.values()],
    )


def growth(values: list[float]) -> float:
    """Return how much the median of the last third is above that of the first; of nothing, 0."""
    if not values:
        return 0.0
    third = max(1, len(values) // 3)
    return float(np.median(values[-third:]) - np.median(values[:third]))
