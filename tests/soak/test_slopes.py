"""Slopes of what is known to grow, and of what is not."""

import random

import pytest

from tests.soak.slopes import growth, slope, thinned


def test_a_line_has_its_slope() -> None:
    """What grows by 6 an hour without noise does so surely."""
    found = slope([0.0, 600.0, 1200.0, 1800.0], [1.0, 2.0, 3.0, 4.0])
    assert found.value == pytest.approx(6)
    assert found.low == pytest.approx(6)
    assert found.high == pytest.approx(6)


def test_a_slope_is_found_in_noise_and_spikes() -> None:
    """The interval holds the true slope, and not zero; a spike does not move it."""
    rng = random.Random(1)
    seconds = [60.0 * n for n in range(25)]
    values = [100 + 20 * second / 3600 + rng.gauss(0, 0.5) for second in seconds]
    values[20] += 500
    found = slope(seconds, values)
    assert 0 < found.low < 20 < found.high
    assert found.value == pytest.approx(20, rel=0.25)


def test_noise_alone_has_no_slope() -> None:
    """Around what does not grow the interval holds zero."""
    rng = random.Random(2)
    found = slope([60.0 * n for n in range(25)], [rng.gauss(100, 5) for _ in range(25)])
    assert found.low < 0 < found.high


def test_stretches_are_medians() -> None:
    """Of each stretch one point is left."""
    assert thinned([0, 10, 20, 60, 70], [1, 9, 2, 5, 7], 60) == ([10, 65], [2, 6])


def test_growth_is_from_the_first_third_to_the_last() -> None:
    """One value that is out of line does not count."""
    assert growth([1, 1, 50, 3, 3, 4, 9, 9, 9]) == 8
