"""Pydantic's refusals in our words: the field, what was received, what is accepted."""

from typing import Any

import pytest
from pydantic import Field, ValidationError, create_model

from shared.accounts.requests import TeamRequest, UserRequest
from shared.errors import FieldProblem
from shared.jobs.requests import GenerationRequest, TrainingRequest
from shared.problems import accepted, bounds, invalid
from shared.said import Said
from shared.specs import GenerationSpec, TrainingSpec


def problems(model: Any, **fields: Any) -> dict[str, FieldProblem]:
    """Return what is wrong with ``fields``, by field."""
    with pytest.raises(ValidationError) as caught:
        model.model_validate(fields)
    return {problem.field: problem for problem in invalid(caught.value, model).problems}


def test_a_problem_names_what_was_received_and_what_is_accepted() -> None:
    """A number out of range comes back with the range."""
    (found,) = problems(TrainingRequest, corpus_id="x", window=1).values()
    assert (found.field, found.received) == ("window", 1)
    assert found.accepted == "a whole number, at least 2, at most 1000"


def test_every_bad_field_is_reported_at_once() -> None:
    """The caller mends all of them in one go."""
    found = problems(TrainingRequest, window=1, units="many")
    assert found.keys() == {"window", "units", "corpus_id"}


def test_a_missing_field_is_called_required() -> None:
    """Nothing was received, and the message says so."""
    found = problems(TrainingRequest)["corpus_id"]
    assert (found.message, found.received) == ("this field is required", None)


def test_an_unknown_field_names_the_known_ones() -> None:
    """A slip of the pen can be mended from the answer alone."""
    found = problems(TrainingRequest, corpus_id="x", windw=3)["windw"]
    assert found.message == "there is no such field"
    assert "window" in found.accepted


def test_a_union_is_reported_once() -> None:
    """A bad temperature is one problem, though it may be a number or a list."""
    found = problems(GenerationRequest, checkpoint_id="x", temperature="hot")
    assert list(found) == ["temperature"]
    assert "a number or a list" in found["temperature"].accepted


def test_our_own_messages_come_without_pydantics_prefix() -> None:
    """'Value error, ' is no word of ours."""
    found = problems(GenerationRequest, checkpoint_id="x", prompt="a\x00")["prompt"]
    assert found.message.startswith("text must not contain NUL")


@pytest.mark.parametrize(
    ("value", "kind"),
    [("ten", "text"), (1.5, "a decimal number"), ([1], "a list"), ({"a": 1}, "a JSON object"),
     (True, "true"), (None, "null"), (b"1", "bytes")],
)  # fmt: skip
def test_what_is_no_whole_number_is_told_in_words_of_ours(value: Any, kind: str) -> None:
    """What kind of value came instead; the value itself stands beside it."""
    found = problems(TrainingRequest, corpus_id="x", window=value)["window"]
    assert found.message == f"a whole number is needed here, not {kind}"
    assert isinstance(found.message, Said)
    assert (found.received, found.accepted) == (value, "a whole number, at least 2, at most 1000")


@pytest.mark.parametrize("text", ["ten", "9" * 5000])
def test_a_text_that_no_number_can_be_read_from(text: str) -> None:
    """As in the query of an address, where all is text."""
    told = problems(create_model("Query", limit=(int, 1)), limit=text)["limit"].message
    assert told == "a whole number is needed here, not text"


@pytest.mark.parametrize(("value", "kind"), [(3, "a whole number"), ([], "a list"), ("a", "text")])
def test_what_is_no_object_is_told_in_words_of_ours(value: Any, kind: str) -> None:
    """Without the names of classes; what an object may have is what is accepted."""
    found = problems(TrainingRequest, corpus_id="x", needs=value)["needs"]
    assert found.message == f"a JSON object is needed here, not {kind}"
    assert found.accepted == "a JSON object with: gpu, memory_bytes, label or null"


def test_a_pattern_is_told_in_words_of_ours() -> None:
    """What a text may be made of; one that has no words is told as it is."""
    found = problems(TrainingRequest, corpus_id="x", needs={"label": "A b"})["needs.label"]
    assert found.message == "this text does not have the form that is needed here"
    made_of = "up to 63 of a to z, digits, dots, hyphens and underscores"
    assert (found.received, found.accepted) == ("A b", f"text or null, {made_of}")
    other = create_model("Other", code=(str, Field(pattern="^a+$")))
    assert problems(other, code="b")["code"].accepted == "text, of the form ^a+$"


@pytest.mark.parametrize(("model", "most"), [(UserRequest, 100), (TeamRequest, 200)])
def test_a_long_text_is_told_in_words_of_ours(model: Any, most: int) -> None:
    """In the same ones whether pydantic measures it before or after other checks."""
    told = problems(model, name="a" * 1300)["name"].message
    assert told == f"it has 1,300 characters, more than the {most} accepted here"


def test_a_choice_lists_its_values() -> None:
    """An optimizer is one of three."""
    assert accepted(TrainingSpec.model_fields["optimizer"]) == "one of: rmsprop, adam, sgd"


def test_bounds_are_given_for_forms() -> None:
    """A form's number field gets its least and greatest value."""
    assert bounds(TrainingSpec.model_fields["window"]) == {"ge": 2, "le": 1000}
    assert bounds(TrainingSpec.model_fields["max_windows"]) == {"ge": 1, "le": 10**10}


def test_bounds_inside_an_annotated_type_are_found() -> None:
    """The temperature's limits come with its type."""
    assert bounds(TrainingSpec.model_fields["adam_beta_2"]) == {"ge": 0.5, "le": 0.99999}
    temperature = bounds(TrainingSpec.model_fields["sample_temperature"])
    assert temperature == {"ge": 0, "le": 10, "min_length": 1, "max_length": 8}


def test_a_length_says_what_it_counts() -> None:
    """Values of a list, characters of a text."""
    fields = TrainingSpec.model_fields
    assert "1 or more values, at most 8 values" in accepted(fields["sample_temperature"])
    assert "at most 1000 characters" in accepted(fields["sample_prompt"])
    stop = accepted(GenerationSpec.model_fields["stop"])
    assert "at most 16 values" in stop
    assert "at most 1000 characters" in stop
