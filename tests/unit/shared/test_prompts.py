"""A prompt is fitted to the characters that a model knows."""

import pytest

from shared.errors import InvalidFields, UnknownPrompt
from shared.prompts import MAX_REPORTED, fit_prompt

LATIN = "abcdefghijklmnopqrstuvwxyz ROMEO:\n"


def test_a_known_prompt_stays_as_it_is() -> None:
    """Nothing is changed that the model knows."""
    fitted = fit_prompt("ROMEO:\nspeak", LATIN)
    assert (fitted.text, fitted.replaced, fitted.left_out) == ("ROMEO:\nspeak", {}, [])


@pytest.mark.parametrize(
    ("prompt", "text"),
    [("é", "e"), ("ﬁ", "fi"), ("Ａ", "a"), ("J", "j"), ("ñ", "n"), ("ß", "ss"), ("…", "")],
)
def test_unknown_characters_become_their_nearest(prompt: str, text: str) -> None:
    """NFKD, then without marks, then in another case; what has no such form is left out."""
    assert fit_prompt("x" + prompt, LATIN).text == "x" + text


def test_the_upper_case_is_taken_where_only_that_is_known() -> None:
    """A model of capitals gets capitals."""
    assert fit_prompt("stra\u00dfe", "ABCDEFGHIJKLMNOPQRSTUVWXYZ").text == "STRASSE"


def test_the_report_names_what_was_replaced_and_left_out() -> None:
    """An output says what became of its prompt."""
    report = fit_prompt("caf\u00e9 \u4e2d\u6587", LATIN).report()
    assert report == {"replaced": {"é": "e"}, "left_out": ["中", "文"]}


def test_the_report_is_bounded() -> None:
    """A long prompt in another script does not make a long report."""
    prompt = "a" + "".join(chr(0x4E00 + n) for n in range(500))
    assert len(fit_prompt(prompt, "a").report()["left_out"]) == MAX_REPORTED


def test_a_prompt_without_any_known_character_is_refused() -> None:
    """The error shows the prompt that cannot be used."""
    with pytest.raises(UnknownPrompt, match="中文"):
        fit_prompt("中文", LATIN)


def test_an_empty_prompt_is_refused() -> None:
    """Null asks for a random excerpt; nothing at all is a mistake."""
    with pytest.raises(InvalidFields) as caught:
        fit_prompt("", LATIN)
    assert caught.value.problems[0].field == "prompt"


def test_a_prompt_composed_otherwise_fits_a_decomposed_vocabulary() -> None:
    """A model that knows 'e' and the combining accent gets both."""
    assert fit_prompt("é", "e\u0301").text == "e\u0301"
