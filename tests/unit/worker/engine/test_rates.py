"""Learning rates."""

import math

import numpy as np
import pytest

from shared.specs import TrainingSpec
from worker.engine.rates import learning_rates


def rates(first: int, count: int, **spec: object) -> list[float]:
    """Return rates of a run of 100 steps at 0.5."""
    made = TrainingSpec.model_validate({"learning_rate": 0.5} | spec)
    return [float(rate) for rate in learning_rates(made, first, count, 100)]


def test_constant() -> None:
    """The rate stays."""
    assert rates(0, 3) == rates(97, 3) == [0.5] * 3


def test_linear() -> None:
    """From the rate to one step above 0."""
    assert rates(0, 2, schedule="linear") == pytest.approx([0.5, 0.495])
    assert rates(99, 1, schedule="linear") == pytest.approx([0.005])


def test_cosine() -> None:
    """Half way it is half."""
    assert rates(50, 1, schedule="cosine") == pytest.approx([0.25])
    assert rates(25, 1, schedule="cosine") == pytest.approx([(1 + math.sqrt(0.5)) / 4])


@pytest.mark.parametrize("schedule", ["linear", "cosine"])
def test_a_floor(schedule: str) -> None:
    """The rate falls from all of it to the floor's share."""
    found = rates(0, 100, schedule=schedule, rate_floor=0.2)
    assert found[0] == pytest.approx(0.5)
    assert found[50] == pytest.approx(0.3)
    assert found[99] == pytest.approx(0.1, abs=0.005)


def test_warm_up() -> None:
    """The rate rises evenly to the schedule's, and never stands at 0."""
    assert rates(0, 5, warmup_steps=4) == pytest.approx([0.125, 0.25, 0.375, 0.5, 0.5])


def test_is_a_function_of_the_step_alone() -> None:
    """However the steps are cut into calls, each has its rate."""
    spec = {"schedule": "cosine", "warmup_steps": 7}
    pieces = [*rates(0, 3, **spec), *rates(3, 10, **spec)]
    np.testing.assert_array_equal(pieces, rates(0, 13, **spec))
