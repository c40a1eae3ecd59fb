"""Specs and presets: the one place where a job is validated."""

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from shared.specs import PRESET_NOTES, PRESETS, GenerationSpec, TrainingSpec, training_spec


def test_the_seed_preset_is_the_article_number_for_number() -> None:
    """Window 100, step 1, LSTM(128), RMSprop 0.01, batch 128, 10 epochs, 400 at 0.6."""
    seed = PRESETS["seed"]
    assert (seed.window, seed.step, seed.units, seed.layers) == (100, 1, 128, 1)
    assert (seed.optimizer, seed.learning_rate, seed.batch_size) == ("rmsprop", 0.01, 128)
    assert (seed.epochs, seed.sample_length, seed.sample_temperature) == (10, 400, 0.6)
    assert seed.validation_fraction == 0.1
    assert seed.max_windows is None


def test_each_preset_says_what_it_is_for() -> None:
    """A form can show a note beside each preset."""
    assert PRESET_NOTES.keys() == PRESETS.keys()


def test_a_newer_field_is_kept_only_where_it_says_something() -> None:
    """The last release's workers read what does not use it, and what is kept means the same."""
    plain = TrainingSpec()
    assert plain.stored().keys() == TrainingSpec.model_fields.keys() - TrainingSpec.newer
    for spec in (plain, TrainingSpec(devices=2)):
        assert TrainingSpec.model_validate(spec.stored()) == spec
    assert TrainingSpec(devices=2).stored()["devices"] == 2


def test_fields_go_over_the_preset() -> None:
    """What is not given stays the preset's."""
    spec = training_spec("tiny", {"epochs": 5})
    assert spec == PRESETS["tiny"].model_copy(update={"epochs": 5})


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("window", "5"),
        ("window", 5.0),
        ("window", True),
        ("window", 1),
        ("window", 1001),
        ("units", 0),
        ("learning_rate", math.nan),
        ("learning_rate", math.inf),
        ("learning_rate", 0),
        ("learning_rate", "0.1"),
        ("validation_fraction", 0.51),
        ("validation_fraction", -0.1),
        ("sample_temperature", -0.5),
        ("sample_temperature", math.nan),
        ("sample_temperature", []),
        ("sample_temperature", [0.5, -1]),
        ("sample_temperature", [0.1 * n for n in range(9)]),
        ("sample_temperature", [0.5, 1, 0.5]),
        ("sample_start", "new"),
        ("sample_prompt", ""),
        ("sample_prompt", "a" * 1001),
        ("sample_context", "none"),
        ("rng_seed", -1),
        ("rng_seed", 2**63),
        ("epochs", None),
        ("optimizer", "RMSprop"),
        ("wind0w", 3),
    ],
)
def test_training_fields_are_strict(field: str, value: Any) -> None:
    """Another type, a value out of range and an unknown field are refused, never mended."""
    with pytest.raises(ValidationError):
        training_spec("seed", {field: value})


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("length", 0),
        ("length", 10_000_001),
        ("temperature", -1),
        ("temperature", math.nan),
        ("temperature", []),
        ("temperature", [0.5, -1]),
        ("temperature", [1.0] * 17),
        ("count", 101),
        ("context", "both"),
        ("top_k", 0),
        ("top_p", 0),
        ("top_p", 1.1),
        ("stop", [""]),
        ("stop", ["x"] * 17),
        ("prompt", "a\x00b"),
        ("prompt", "\ud800"),
        ("prompt", "x" * 100_001),
    ],
)
def test_generation_fields_are_strict(field: str, value: Any) -> None:
    """A generation spec refuses what no writer could do or no file could hold."""
    with pytest.raises(ValidationError):
        GenerationSpec.model_validate({field: value})


def test_temperature_zero_is_allowed() -> None:
    """It means: always the likeliest character."""
    assert GenerationSpec(temperature=0).temperatures() == [0.0]


def test_samples_have_one_temperature_or_several() -> None:
    """A number, as ever, or a list, in its order."""
    assert TrainingSpec().sample_temperatures() == [0.6]
    assert TrainingSpec(sample_temperature=[1, 0.2]).sample_temperatures() == [1.0, 0.2]


def test_presets_for_users_write_a_grid() -> None:
    """Each epoch the same cells; the article's recipe writes as the article does."""
    for name in ("fast", "large"):
        spec = PRESETS[name]
        assert spec.sample_temperatures() == [0.3, 0.6, 1.0]
        assert (spec.sample_start, spec.sample_prompt) == ("same", None)
    seed = PRESETS["seed"]
    assert (seed.sample_start, seed.sample_prompt, seed.sample_context) == ("fresh", None, "window")


def test_every_temperature_gets_its_count_of_texts() -> None:
    """A list of two and a count of three make six texts."""
    spec = GenerationSpec(temperature=[0.2, 1.0], count=3)
    assert spec.temperatures() == [0.2, 0.2, 0.2, 1.0, 1.0, 1.0]


def test_whole_numbers_are_numbers() -> None:
    """A learning rate or temperature of 1 need not be written 1.0."""
    assert training_spec("seed", {"learning_rate": 1}).learning_rate == 1.0


def test_a_spec_cannot_be_changed() -> None:
    """What was validated stays so."""
    with pytest.raises(ValidationError):
        PRESETS["seed"].window = 5  # type: ignore[misc]


@given(
    st.integers(2, 60),
    st.one_of(st.just(0.0), st.floats(0.001, 0.5), st.sampled_from([0.1, 0.2, 0.25, 1 / 3, 0.5])),
)
def test_the_least_length_is_truly_the_least(window: int, fraction: float) -> None:
    """One character fewer leaves no window in the training or in the held-out text."""
    spec = TrainingSpec(window=window, validation_fraction=fraction)

    def enough(characters: int) -> bool:
        trained = spec.split(characters)
        held_out = characters - trained
        return trained > window and (fraction == 0 or held_out > window)

    least = spec.least_characters()
    assert enough(least)
    assert not any(map(enough, range(max(0, least - 200), least)))


@given(st.integers(0, 10**7), st.floats(0, 0.5))
def test_the_split_loses_no_character(characters: int, fraction: float) -> None:
    """Training text and held-out text are the text."""
    trained = TrainingSpec(validation_fraction=fraction).split(characters)
    assert 0 <= trained <= characters
