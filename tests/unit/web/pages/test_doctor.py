"""What the corpus doctor found and recommends, in sentences."""

from typing import get_args

import pytest

from shared.corpora.findings import Code, TextFinding
from shared.estimates.recommending import Reason
from web.pages.doctor import BASES, FINDINGS, REASONS, finding_words

VALUES: dict[str, int | float | str] = {
    "encoding": "gb18030",
    "newlines": 1200,
    "lines": 3000,
    "characters": 17,
    "count": 40,
    "share": 0.0001,
    "wanted": 1_000_000,
    "repeated": 3,
    "offset": 0,
}


@pytest.mark.parametrize("code", get_args(Code))
def test_every_finding_has_words(code: Code) -> None:
    """Whole sentences with the finding's numbers, for each code that there is."""
    words = finding_words(TextFinding(code=code, level="note", values=VALUES))
    assert words.endswith(".")
    assert "%(" not in words


def test_no_finding_is_made_up() -> None:
    """Words for codes that no text can have would never be read."""
    assert set(FINDINGS) == set(get_args(Code))


def test_reasons_and_bases() -> None:
    """Each reason for a recommendation can be told."""
    assert set(REASONS) == set(get_args(Reason))
    assert set(BASES) == {"jobs", "start", "earlier_jobs"}


def test_numbers_are_told_as_people_read_them() -> None:
    """Thousands with commas, a tiny share as less than what is shown, encodings by name."""
    told = {
        code: finding_words(TextFinding(code=code, level="note", values=VALUES))
        for code in ("rare_characters", "mixed_newlines", "encoding_detected")
    }
    assert "17 characters are rare" in told["rare_characters"]
    assert "less than 0.1% of it" in told["rare_characters"]
    assert "1,200 of 3,000 lines" in told["mixed_newlines"]
    assert "GB18030" in told["encoding_detected"]
