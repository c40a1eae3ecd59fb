"""The corpus doctor: whatever the pieces, it finds what counting the whole text finds."""

from collections import Counter
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.corpora import repeats
from shared.corpora.cleaning import Report
from shared.corpora.doctor import Doctor
from shared.corpora.examinations import Examination
from shared.corpora.findings import findings

LINE = "A line of more than twenty characters"
PARTS = ["a", "é", "中", "🙂", "\n", "\n\n", "\u200b", "\xa0", LINE, f"{LINE}\n", f"{LINE}\n\n"]
TEXTS = st.lists(st.sampled_from(PARTS), max_size=40).map("".join)


def examined(*pieces: str) -> Examination:
    """Return what the doctor finds in a text that comes in pieces."""
    doctor = Doctor()
    for piece in pieces:
        doctor.look(piece)
    return doctor.examination()


def told(text: str, **report: Any) -> dict[str, dict[str, Any]]:
    """Return the values of the findings of a text, by their codes."""
    found = examined(text)
    cleaning = Report(**report).as_json()
    listed = findings(found.characters, found.vocabulary_size, cleaning, found)
    return {finding.code: finding.values for finding in listed}


@given(TEXTS, st.lists(st.integers(0, 400), max_size=6))
def test_the_pieces_borders_never_show(text: str, cuts: list[int]) -> None:
    """A text in pieces is found to be what it is as a whole."""
    places = sorted({0, len(text), *(min(cut, len(text)) for cut in cuts)})
    pieces = [text[a:b] for a, b in pairwise(places)]
    assert examined(*pieces) == examined(text)


@given(TEXTS)
def test_the_counts_are_those_of_a_plain_count(text: str) -> None:
    """Every character, and every line and paragraph that is long enough."""
    found = examined(text)
    assert {c.character: c.count for c in found.most_frequent} == Counter(text)
    for separator, least, repeated in (
        ("\n", repeats.LEAST_LINE, found.repeated_lines),
        ("\n\n", repeats.LEAST_PARAGRAPH, found.repeated_paragraphs),
    ):
        units = Counter(unit for unit in text.split(separator) if len(unit) >= least)
        assert repeated.compared == units.total()
        assert repeated.repeated == units.total() - len(units)
        extra = sum((count - 1) * len(unit) for unit, count in units.items())
        assert repeated.characters == extra


def test_a_repeated_line_is_shown_with_its_places() -> None:
    """How often it is there, and where first and second."""
    (found,) = examined(f"x\n{LINE}\ny\n{LINE}\n{LINE}\n").repeated_lines.examples
    assert (found.excerpt, found.characters, found.count) == (LINE, len(LINE), 3)
    assert (found.offset, found.again_at) == (2, 2 + len(LINE) + 3)


def test_what_has_no_room_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    """A text of more different lines than are remembered: those that are known still count."""
    monkeypatch.setattr(repeats, "MOST_SEEN", 2)
    monkeypatch.setattr(repeats, "MOST_REPEATED", 1)
    lines = [f"{LINE} {number}" for number in range(4)]
    found = examined("\n".join([*lines, *lines])).repeated_lines
    assert (found.capped, found.compared, found.repeated) == (True, 8, 2)
    assert found.characters == 2 * len(lines[0])
    assert len(found.examples) == 1


def test_an_endless_line_is_not_held() -> None:
    """It is measured, not compared, and the line behind it is compared as ever."""
    long = "y" * 1000
    pieces = [long] * 500 + [f"\n{LINE}\n{LINE}\n"]
    found = examined(*pieces, *pieces)
    assert found.longest_line.characters == 500_000
    assert (found.lines, found.repeated_lines.compared) == (6, 4)
    assert found.repeated_lines.repeated == 3


def test_invisible_characters_are_named() -> None:
    """By code point, name, count and first place; Chinese blanks are plain ones."""
    found = examined("ab\u200bcd\u3000\t\n\u200b\x85").invisible
    assert [(c.code_point, c.name, c.count, c.offset) for c in found] == [
        ("U+200B", "ZERO WIDTH SPACE", 2, 2),
        ("U+0085", "NEXT LINE", 1, 9),
    ]


def test_rare_characters_scripts_and_categories() -> None:
    """Which are rare, what share of the text they are, and what the letters are."""
    found = examined("a" * 10 + "Б" * 9 + "中" * 20 + "!")
    assert (found.rare.characters, found.rare.distinct, found.rare.count) == ("Б!", 2, 10)
    assert found.rare.share == 10 / 40
    assert [(s.script, s.count) for s in found.scripts] == [
        ("cjk", 20), ("latin", 10), ("cyrillic", 9),
    ]  # fmt: skip
    assert [(c.category, c.distinct, c.count) for c in found.categories] == [
        ("Lo", 1, 20), ("Ll", 1, 10), ("Lu", 1, 9), ("Po", 1, 1),
    ]  # fmt: skip


def test_what_is_listed_is_capped() -> None:
    """Thousands of Chinese characters are counted, and two hundred listed."""
    found = examined("".join(map(chr, range(0x4E00, 0x4E00 + 3000))))
    assert (found.vocabulary_size, len(found.most_frequent)) == (3000, 200)
    assert (found.rare.distinct, len(found.rare.characters)) == (3000, 200)
    assert found.categories[0].distinct == 3000


def test_findings_tell_codes_and_numbers() -> None:
    """Each only where it applies."""
    varied = "".join(f"{number:x} of some\n" for number in range(100_000))
    assert told(varied).keys() == set()
    assert told(varied, encoding="cp1252").keys() == {"encoding_detected"}
    assert told(varied, newlines_changed=7)["mixed_newlines"] == {"newlines": 7, "lines": 100_000}
    assert told(varied, newlines_changed=100_000).keys() == {"newlines_changed"}
    assert told(varied, nul_removed=2)["nul_removed"] == {"characters": 2}
    assert told(varied, marks_removed=1)["marks_removed"] == {"characters": 1}


def test_findings_of_a_text_that_needs_mending() -> None:
    """Short, repeating itself, with rare and invisible characters, in one line."""
    found = told(f"{LINE}\n" * 100 + "\xa0" + "x" * 10_001)
    assert found["very_short_text"]["characters"] == 100 * len(f"{LINE}\n") + 10_002
    assert found["rare_characters"]["characters"] == 1
    assert found["invisible_characters"] == {"characters": 1, "count": 1}
    assert found["many_repeated_lines"]["repeated"] == 99
    assert found["long_lines"]["characters"] == 10_002
    assert "large_vocabulary" not in found


def test_a_version_from_before_has_findings_of_its_sizes_alone() -> None:
    """What an examination alone can tell is left out."""
    found = findings(60_000, 4_000, Report(newlines_changed=1).as_json(), None)
    assert [f.code for f in found] == ["newlines_changed", "short_text", "large_vocabulary"]
