"""Reading JSON, and telling back what was received."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.errors import InvalidFields
from web.api.inputs import MalformedJson, PageQuery, parse_json, validated
from web.errors import json_safe

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


@given(JSON)
def test_json_is_read_as_the_library_reads_it(value: object) -> None:
    """Strictness about double keys changes nothing else."""
    assert parse_json(json.dumps(value).encode()) == value


@pytest.mark.parametrize("data", [b'{"a": 1, "a": 1}', b'[{"b": {"a": 1, "a": 2}}]'])
def test_a_double_key_is_refused_at_any_depth(data: bytes) -> None:
    """The key is named."""
    with pytest.raises(InvalidFields) as caught:
        parse_json(data)
    assert caught.value.problems[0].field == "a"


@pytest.mark.parametrize("data", [b"", b"nul", b"\xff", b"1" * 5000, b"[" * 10**6])
def test_what_cannot_be_read_is_malformed(data: bytes) -> None:
    """Whatever the reason that Python gives."""
    with pytest.raises(MalformedJson):
        parse_json(data)


@given(st.recursive(JSON | st.floats() | st.binary(), st.lists))
def test_a_received_value_always_fits_into_json(value: object) -> None:
    """Valid JSON, never long, whatever came."""
    text = json.dumps(json_safe(value), allow_nan=False, ensure_ascii=False)
    assert len(text.encode()) < 3000


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (5, 5),
        ("5", "5"),
        ([1, "a"], [1, "a"]),
        (float("nan"), "NaN"),
        ("\ud800", "?"),
        ("x" * 300, "x" * 200 + "…"),
    ],
)
def test_a_received_value_is_shown_as_it_came(value: object, shown: object) -> None:
    """Unless JSON has no word for it, or it is too long."""
    assert json_safe(value) == shown


@pytest.mark.parametrize("limit", ["1.0", "1_0", " 1", "٣", "+1", "-1", "", "1e2"])
def test_a_number_in_a_query_has_digits_only(limit: str) -> None:
    """Python would read more than that."""
    with pytest.raises(InvalidFields):
        validated(PageQuery, {"limit": limit})


def test_a_number_in_a_query_is_read() -> None:
    """Digits are a number."""
    assert validated(PageQuery, {"limit": "10"}).limit == 10
