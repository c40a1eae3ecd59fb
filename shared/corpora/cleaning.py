"""Cleaning a text, piece by piece, with a report of what was found.

The pieces' borders never show: cleaning a text in pieces equals cleaning it whole.
"""

import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from shared.errors import InvalidFields
from shared.said import said

# Beyond this a piece is cut wherever it may be, so that a text without any safe place
# (one endless row of spaces) is still taken in bounded memory.
MOST_HELD = 4 * 1024 * 1024
SPACES = re.compile(r"[^\S\n]+")
# Digits, kana, ideographs, Hangul syllables: they have no case and join nothing before them.
CASELESS_STARTERS = (
    ("0", "9"),
    ("\u3041", "\u3096"),
    ("\u30a1", "\u30fa"),
    ("\u4e00", "\u9fff"),
    ("\uac00", "\ud7a3"),
)
BLANK_LINES = re.compile(r"\n{3,}")
# Putting a row of combining marks in order takes time that grows with its square. No writing has
# rows of them: Unicode's own limit for streams is 30 (UAX 15).
MOST_MARKS = 100


@dataclass(frozen=True)
class Cleaning:
    """What a user asks of the cleaning, besides newlines, which always become ``\\n``."""

    lowercase: bool = False
    nfc: bool = False
    squeeze: bool = False


@dataclass
class Report:
    """What cleaning found; ``characters`` is ``N`` of the cleaned text."""

    encoding: str = "utf-8"
    characters: int = 0
    newlines_changed: int = 0
    nul_removed: int = 0
    marks_removed: int = 0
    characters_changed: dict[str, int] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        """Return the report as it is stored and shown."""
        return self.__dict__ | {"characters_changed": dict(self.characters_changed)}


def clean(pieces: Iterable[str], options: Cleaning, report: Report) -> Iterator[str]:
    """Yield the cleaned text in pieces and fill ``report`` on the way.

    Raises ``InvalidFields`` for a text that cannot be composed.
    """
    for stretch in _safe_stretches(pieces):
        text = _transform(_repair(stretch, report), options, report)
        report.characters += len(text)
        if text:
            yield text


def _repair(text: str, report: Report) -> str:
    report.newlines_changed += text.count("\r")
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    # No database's text and no C string can carry NUL; a byte order mark inside is a leftover.
    report.nul_removed += text.count("\x00")
    report.marks_removed += text.count("\ufeff")
    return text.replace("\x00", "").replace("\ufeff", "")


def _transform(text: str, options: Cleaning, report: Report) -> str:
    steps: list[tuple[str, bool, Callable[[str], str]]] = [
        ("nfc", options.nfc, _compose),
        ("lowercase", options.lowercase, str.lower),
        ("squeeze", options.squeeze, _squeeze),
    ]
    for name, wanted, change in steps:
        if wanted:
            before, text = len(text), change(text)
            counts = report.characters_changed
            counts[name] = counts.get(name, 0) + before - len(text)
    return text


def _compose(text: str) -> str:
    if found := _rows_of_marks().search(text):
        raise InvalidFields.one(
            "nfc",
            said(
                "{count} combining marks and more stand in a row, which is no writing",
                count=MOST_MARKS + 1,
            ),
            found[0][:10],
            said("at most {most} combining marks in a row", most=MOST_MARKS),
        )
    return unicodedata.normalize("NFC", text)


@cache
def _rows_of_marks() -> re.Pattern[str]:
    # Beyond these two planes there are ideographs alone.
    marks = [c for c in map(chr, range(0x20000)) if unicodedata.combining(c)]
    return re.compile(f"[{''.join(marks)}]{{{MOST_MARKS + 1}}}")


def _squeeze(text: str) -> str:
    """Make one space of each row of blanks, drop those at line ends, keep one blank line."""
    text = SPACES.sub(" ", text).replace(" \n", "\n")
    return BLANK_LINES.sub("\n\n", text)


def _safe_stretches(pieces: Iterable[str]) -> Iterator[str]:
    """Regroup pieces so that no step of the cleaning can see a border."""
    held = ""
    for piece in pieces:
        # What was held before has no safe place but its end.
        start, held = len(held), held + piece
        cut = _safe_cut(held, max(1, start))
        if cut == 0 and len(held) > MOST_HELD:
            cut = len(held) - (2 if held.endswith("\r\n") else 1)
        yield held[:cut]
        held = held[cut:]
    yield held


def _safe_cut(text: str, start: int) -> int:
    """Return the last place from ``start`` on where text may be cut, or 0."""
    for index in range(len(text) - 1, start - 1, -1):
        if _safe(text[index - 1], text[index]):
            return index
    return 0


def _safe(before: str, after: str) -> bool:
    """Tell whether a text may be cut between two characters.

    Safe is what neither composes with its neighbour (NFC), nor changes a neighbour's case (a sigma
    at a word's end), nor belongs to the same row of blanks: before white space that follows
    something else, before a digit, ideograph, kana or Hangul syllable, inside plain ASCII.
    """
    if after.isspace():
        return not before.isspace() and before not in "\x00\ufeff"
    if after.isascii() and after.isalpha():
        return before.isascii() and before.isalnum()
    return any(first <= after <= last for first, last in CASELESS_STARTERS)
