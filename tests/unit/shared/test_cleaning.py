"""Cleaning: newlines always; lower case, NFC and squeezing on request; a report of it all."""

import unicodedata
from dataclasses import asdict
from itertools import pairwise

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from shared.corpora import cleaning
from shared.corpora.cleaning import Cleaning, Report, clean

# Whatever could notice a border: newlines, blanks, marks, jamo, sigmas, characters that vanish.
NASTY = [
    *"a9 \t\n\r\x00\ufeff\x85\xa0\u2028Éé",
    *"\u0301\u0327\u0345",
    *"\u1100\u1161\u11a8\uac00",
    *"\u304b\u3099\u30ab\u309a",
    *"ΣσςΑα.'\u00ad",
    *"中文。",
    "İ",
    "\r\n",
    "\n\n\n\n",
    "  \n  \n  ",
    "\u0c46\u0c56",
    "\u09c7\u09be",
]
TEXTS = st.lists(st.sampled_from(NASTY), max_size=60).map("".join)
OPTIONS = st.builds(Cleaning, st.booleans(), st.booleans(), st.booleans())


def cleaned(pieces: list[str], **options: bool) -> tuple[str, Report]:
    """Clean ``pieces``; return the text and the report."""
    report = Report()
    return "".join(clean(pieces, Cleaning(**options), report)), report


def cleaned_whole(text: str, options: Cleaning) -> str:
    """Clean a text the slow and obvious way: each step over all of it."""
    text = text.replace("\r\n", "\n").replace("\r", "\n").replace("\x00", "").replace("\ufeff", "")
    text = unicodedata.normalize("NFC", text) if options.nfc else text
    text = text.lower() if options.lowercase else text
    if options.squeeze:
        for blank in {c for c in text if c.isspace() and c != "\n"}:
            text = text.replace(blank, " ")
        while "  " in text:
            text = text.replace("  ", " ")
        text = text.replace(" \n", "\n")
        while "\n\n\n" in text:
            text = text.replace("\n\n\n", "\n\n")
    return text


@given(TEXTS, st.lists(st.integers(0, 60), max_size=6), OPTIONS)
@example("a\r\nb", [2], Cleaning())
@example("e\u0301", [1], Cleaning(nfc=True))
@example("ΟΔΟΣ ΟΔΟΣ.", [4, 9], Cleaning(lowercase=True))
@example("a \n\n\n\n b", [2, 3, 4, 5], Cleaning(squeeze=True))
@example(" \x00 x", [1, 2], Cleaning(squeeze=True))
def test_pieces_never_show(text: str, cuts: list[int], options: Cleaning) -> None:
    """Cleaning in pieces equals cleaning whole, wherever the borders fall."""
    borders = [0, *sorted(min(cut, len(text)) for cut in cuts), len(text)]
    pieces = [text[a:b] for a, b in pairwise(borders)]
    found, report = cleaned(pieces, **asdict(options))
    assert found == cleaned_whole(text, options)
    assert report.characters == len(found)


@given(TEXTS, OPTIONS)
def test_the_report_does_not_depend_on_the_pieces(text: str, options: Cleaning) -> None:
    """Counts are those of the text, not of its borders."""
    assert cleaned([*text], **asdict(options))[1] == cleaned([text], **asdict(options))[1]


@pytest.mark.parametrize(
    "unit", ["Das Maß. ", "Прощай, друг. ", "ἄνθρωπος ", "안녕하세요 ", "日本語のテキスト。"]
)
def test_prose_passes_in_bounded_memory(unit: str) -> None:
    """A long text in any script comes out as it comes in, not held to the end."""
    pieces = [unit * 1000] * 20
    sizes = [len(piece) for piece in clean(iter(pieces), Cleaning(nfc=True), Report())]
    assert max(sizes) < 2 * len(pieces[0])


@pytest.mark.parametrize("text", [" " * 3000, "\r\n" * 3000, "e" + "\u0301" * 3000])
def test_an_endless_row_without_a_safe_place_still_passes(
    monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    """Beyond the most that is held a cut is made anyway, but never inside CR LF."""
    monkeypatch.setattr(cleaning, "MOST_HELD", 100)
    pieces = [text[i : i + 50] for i in range(0, len(text), 50)]
    assert cleaned(pieces)[0] == text.replace("\r\n", "\n")


def test_newlines_always_become_line_feeds() -> None:
    """The three kinds become one, and the report counts what was changed."""
    text, report = cleaned(["a\r\nb\rc\n\rd\ne"])
    assert text == "a\nb\nc\n\nd\ne"
    assert report.newlines_changed == 3


def test_nothing_else_is_changed_unasked() -> None:
    """Case, composition and blanks stay as they came."""
    text = "ÉE\u0301  x \n\n\n\ty "
    assert cleaned([text])[0] == text


def test_nul_and_stray_marks_are_removed_and_counted() -> None:
    """What no database can hold, or is left over from joining files, goes."""
    text, report = cleaned(["a\x00b\ufeffc\x00"])
    assert (text, report.nul_removed, report.marks_removed) == ("abc", 2, 1)


def test_lower_casing_knows_the_final_sigma() -> None:
    """A sigma at a word's end gets its own form."""
    assert cleaned(["ΟΔΥΣΣΕΥΣ"], lowercase=True)[0] == "οδυσσευς"


def test_nfc_composes_letters_and_jamo() -> None:
    """Decomposed letters become one; the report says by how many characters."""
    text, report = cleaned(["e\u0301 \u1112\u1161\u11ab"], nfc=True)
    assert text == "é 한"
    assert report.characters_changed == {"nfc": 3}


def test_squeezing_keeps_paragraphs() -> None:
    """Rows of blanks become one, ends of lines lose theirs, one blank line stays."""
    text, report = cleaned(["a \t b  \n\n\n\n  c"], squeeze=True)
    assert text == "a b\n\n c"
    assert report.characters_changed == {"squeeze": 7}


def test_the_report_can_be_stored() -> None:
    """It is plain JSON and a copy."""
    report = Report(encoding="cp1251", characters=7)
    stored = report.as_json()
    assert (stored["encoding"], stored["characters"], stored["notes"]) == ("cp1251", 7, [])
