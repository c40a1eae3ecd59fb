"""From typed text to a model's values, and from a model to what a form says of its fields."""

from typing import Any

import pytest

from shared.errors import FieldProblem, InvalidFields
from shared.jobs.requests import GenerationRequest, TrainingRequest
from shared.specs import TrainingSpec
from web.pages.forms import Form, leaves, literals, range_of, validated, values


@pytest.mark.parametrize(
    ("name", "typed", "value"),
    [
        ("epochs", " 12 ", 12),
        ("epochs", "+3", 3),
        ("epochs", "1_000", "1_000"),
        ("epochs", "1e3", "1e3"),
        ("epochs", "ten", "ten"),
        ("epochs", "９", "９"),
        ("learning_rate", "1e-3", 0.001),
        ("learning_rate", ".5", 0.5),
        ("learning_rate", "5.", 5.0),
        ("learning_rate", "inf", "inf"),
        ("learning_rate", "0x1", "0x1"),
        ("max_windows", "100", 100),
        ("max_windows", " All ", None),
        ("max_windows", "off", "off"),
        ("clip_norm", "off", None),
        ("epochs", "off", "off"),
        ("optimizer", "adam", "adam"),
        ("name", " a b ", "a b"),
    ],
)
def test_values(name: str, typed: str, value: Any) -> None:
    """Only plain decimal numbers become numbers; all else stays for the model to refuse."""
    assert values(TrainingRequest, {name: typed}) == {name: value}


def test_empty_and_unknown_fields_are_left_out() -> None:
    """An empty field means the default; what the model does not know is not its business."""
    assert values(TrainingRequest, {"epochs": " ", "csrf_token": "x", "once": "y"}) == {}


def test_a_prompt_is_taken_as_it_is() -> None:
    """Blanks around a prompt are part of it, also where there is nothing else."""
    assert values(GenerationRequest, {"prompt": " \n"}) == {"prompt": " \n"}
    assert values(GenerationRequest, {"prompt": ""}) == {}
    assert values(TrainingRequest, {"sample_prompt": " It "}) == {"sample_prompt": " It "}


@pytest.mark.parametrize(
    ("typed", "value"),
    [("0.5", 0.5), ("0.5 1", [0.5, 1.0]), ("0.5; 1", [0.5, 1.0]), ("0.5 x", [0.5, "x"])],
)
def test_temperatures(typed: str, value: Any) -> None:
    """One number is a number, several are a list."""
    assert values(GenerationRequest, {"temperature": typed}) == {"temperature": value}
    typed_sample = {"sample_temperature": typed}
    assert values(TrainingRequest, typed_sample) == {"sample_temperature": value}


def test_validated_raises_for_each_field_once() -> None:
    """A refusal has one problem a field."""
    with pytest.raises(InvalidFields) as caught:
        validated(GenerationRequest, {"temperature": "a b", "count": "0"})
    found = [problem.field for problem in caught.value.problems]
    assert sorted(found) == ["count", "temperature"]


@pytest.mark.parametrize(
    ("name", "words"),
    [("window", "2 to 1,000"), ("learning_rate", "over 0, at most 10"), ("rng_seed", "at least 0"),
     ("optimizer", "")],
)  # fmt: skip
def test_range(name: str, words: str) -> None:
    """A range is read from the model; a limit that is there for the database is not told."""
    assert range_of(name, TrainingSpec.model_fields[name]) == words


def test_error_says_what_was_received_and_what_is_accepted() -> None:
    """The sentence holds the problem, what was typed, cut, and what is accepted."""
    problem = FieldProblem("units", "too much", 1, "a whole number or null")
    form = Form(TrainingRequest, {"units": "9" * 200}, [problem])
    told = f"Too much. Received: {'9' * 80}…. Accepted: a whole number or 'off'."
    assert form.error("units") == told
    assert form.error("epochs") is None


def test_null_is_said_as_it_is_typed() -> None:
    """A form's help names the word that turns a field off."""
    assert Form(TrainingRequest).help("max_windows").endswith("'all': all of them.")


def test_other_errors() -> None:
    """What stands beside no field is told above the form."""
    problems = [FieldProblem("units", "a"), FieldProblem("odd_one", "b")]
    assert Form(TrainingRequest, {}, problems).other_errors("units") == ["Odd one: b"]
    assert Form(TrainingRequest, {}, [], "all wrong").other_errors() == ["all wrong"]


def test_kinds_of_fields() -> None:
    """What is inside unions and lists is found, and which keyboard a phone shows."""
    form = Form(GenerationRequest)
    assert leaves(int | None) == {int, type(None)}
    assert leaves(GenerationRequest.model_fields["temperature"].annotation) == {float}
    assert literals(TrainingSpec.model_fields["optimizer"]) == ["rmsprop", "adam", "sgd"]
    kinds = [form.numeric(name) for name in ("length", "top_p", "temperature", "name")]
    assert kinds == ["numeric", "text", "text", "text"]
