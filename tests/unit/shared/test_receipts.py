"""Receipts: what their hashes are of, and what is none."""

import json
from hashlib import sha256
from typing import Any

import pytest
from pydantic import ValidationError

from shared.receipts import Receipt, own_version, spec_sha256, text_sha256
from shared.specs import GenerationSpec

ID, SHA = "01890000-0000-7000-8000-000000000000", "0" * 64


def receipt(**changes: Any) -> dict[str, Any]:
    """Return a receipt that differs in what is given."""
    return {
        "job_id": ID, "number": 1, "corpus_version_id": ID, "corpus_version_sha256": SHA,
        "checkpoint_id": ID, "checkpoint_sha256": SHA, "spec": {"length": 5, "temperature": 1.0},
        "spec_sha256": SHA, "prompt_sha256": SHA, "temperature": 1.0, "rng_seed": 0, "stream": 0,
        "charloom": "1", "keras": "3", "characters": 5, "finish_reason": "length",
        "text_sha256": SHA,
    } | changes  # fmt: skip


def test_a_specs_hash_can_be_made_anywhere() -> None:
    """Of JSON with its keys sorted, without blanks, in UTF-8."""
    spec = GenerationSpec(prompt="何 b", length=7, temperature=[0.5, 1])
    plain = '{"length":7,"prompt":"何 b","temperature":[0.5,1.0]}'
    assert spec_sha256(spec) == sha256(plain.encode()).hexdigest()


def test_a_number_may_be_written_otherwise() -> None:
    """1 and 1.0 are the same temperature."""
    texts = '{"temperature": 1, "length": 5}', '{"length": 5, "temperature": 1.0}'
    hashes = {spec_sha256(GenerationSpec.model_validate(json.loads(text))) for text in texts}
    assert len(hashes) == 1


def test_a_later_field_changes_no_older_receipt() -> None:
    """What was left out is neither told nor part of the hash."""
    found = Receipt.model_validate(receipt())
    assert found.as_json()["spec"] == {"length": 5, "temperature": 1.0}
    again = Receipt.model_validate(found.as_json())
    assert spec_sha256(again.spec) == spec_sha256(found.spec)


def test_a_texts_hash_does_not_depend_on_its_pieces() -> None:
    assert text_sha256([b"a", b"", b"bc"]) == sha256(b"abc").hexdigest()


@pytest.mark.parametrize(
    "changes",
    [{"number": 2}, {"number": 0}, {"job_id": "x"}, {"text_sha256": "F" * 64}, {"stream": -1},
     {"characters": -1}, {"finish_reason": "tired"}, {"format": 2}, {"more": 1},
     {"temperature": "1"}],
    ids=str,
)  # fmt: skip
def test_what_is_no_receipt(changes: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Receipt.model_validate(receipt(**changes))


def test_the_version_is_the_installed_ones() -> None:
    assert own_version()[0].isdigit()
