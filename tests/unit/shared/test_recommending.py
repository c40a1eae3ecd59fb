"""Which preset and size are recommended, at the borders."""

import pytest

from shared.estimates.costs import parameters_of
from shared.estimates.recommending import recommend
from shared.specs import PRESETS

V = 65


def parameters(units: int) -> int:
    """Return the parameters of `fast` with so many units."""
    return parameters_of(PRESETS["fast"].model_copy(update={"units": units}), V)


def test_the_articles_text_gets_fast_as_it_is() -> None:
    """Nothing is set over it."""
    found = recommend(1_115_394, V)
    assert (found.preset, found.fields, found.reason) == ("fast", {}, "fits")
    assert found.spec == PRESETS["fast"]


@pytest.mark.parametrize(("units", "less"), [(128, 64), (64, 32), (32, 16)])
def test_a_model_has_at_most_two_parameters_a_character(units: int, less: int) -> None:
    """One character fewer, and the model is narrower."""
    border = -(-parameters(units) // 2)
    assert recommend(border, V).units == units
    below = recommend(border - 1, V)
    assert (below.units, below.reason) == (less, "smaller_model")


def test_a_long_text_gets_a_wider_model() -> None:
    """From ten characters a parameter on."""
    border = 10 * parameters(256)
    assert (recommend(border, V).units, recommend(border, V).reason) == (256, "larger_model")
    assert recommend(border - 1, V).units == 128


def test_a_gpu_gets_the_large_preset_where_the_text_suffices() -> None:
    """From a character for every four parameters on."""
    border = -(-parameters_of(PRESETS["large"], V) // 4)
    assert (recommend(border, V, gpu=True).preset, recommend(border, V).preset) == ("large", "fast")
    assert recommend(border, V, gpu=True).reason == "gpu"
    assert recommend(border - 1, V, gpu=True).preset == "fast"


@pytest.mark.parametrize(
    ("characters", "fraction"),
    [(10**7, 0.1), (10**7 + 1, 0.05), (2 * 10**7 + 1, 0.02), (10**8, 0.01), (10**9, 0.01)],
)
def test_a_million_characters_are_enough_to_judge_by(characters: int, fraction: float) -> None:
    """Of a long text a smaller share is held out."""
    assert recommend(characters, V).validation_fraction == fraction


def test_a_short_text_is_passed_over_less_often() -> None:
    """Thirty epochs a million characters, ten at least."""
    assert [recommend(n, V).epochs for n in (100_000, 500_000, 1_000_000)] == [10, 15, 30]


@pytest.mark.parametrize(
    ("characters", "window", "reason"),
    [(1001, 100, "smaller_model"), (1000, 50, "tiny_text"), (501, 50, "tiny_text"),
     (51, 5, "tiny_text"), (50, 2, "too_short"), (3, 2, "too_short")],
)  # fmt: skip
def test_the_window_fits_the_text(characters: int, window: int, reason: str) -> None:
    """Whatever its length, what is recommended can be trained."""
    found = recommend(characters, 20)
    assert (found.window, found.reason) == (window, reason)
    assert found.spec.least_characters() <= characters
