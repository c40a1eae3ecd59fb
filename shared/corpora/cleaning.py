"""Cleaning a text, piece by piece, with a report of what was found.

The pieces' borders never show: cleaning a text in pieces equals cleaning it whole.
"""

import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

# Beyond this a piece is cut wherever it may be, so that a text without any safe place
# (one endless row of spaces) is still taken in bounded memory.
MOST_HELD = 4 * 1024 * 1024
SPACES = re.compile(r"[^\S\n]+")
BLANK_LINES = re.compile(r"\n{3,}")


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
    """Yield the cleaned text in pieces and fill ``report`` on the way."""
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
        ("nfc", options.nfc, lambda t: unicodedata.normalize("NFC", t)),
        ("lowercase", options.lowercase, str.lower),
        ("squeeze", options.squeeze, _squeeze),
    ]
    for name, wanted, change in steps:
        if wanted:
            before, text = len(text), change(text)
            counts = report.characters_changed
            counts[name] = counts.get(name, 0) + before - len(text)
    return text


def _squeeze(text: str) -> str:
    """Make one space of each row of blanks, drop those at line ends, keep one blank line."""
    text = SPACES.sub(" ", text).replace(" \n", "\n")
    return BLANK_LINES.sub("\n\n", text)


def _safe_stretches(pieces: Iterable[str]) -> Iterator[str]:
    """Regroup pieces so that no step of the cleaning can see a border."""
    held = ""
    for piece in pieces:
        held += piece
        cut = _safe_cut(held)
        if cut == 0 and len(held) > MOST_HELD:
            cut = len(held) - 1
        yield held[:cut]
        held = held[cut:]
    yield held


def _safe_cut(text: str) -> int:
    """Return the last place where text may be cut, or 0.

    Between two plain ASCII letters or digits, or before a CJK ideograph that follows another:
    none of them composes, takes a case from its neighbour, or is white space.
    """
    for index in range(len(text) - 1, 0, -1):
        if _plain(text[index - 1]) and _plain(text[index]):
            return index
    return 0


def _plain(character: str) -> bool:
    return (character.isascii() and character.isalnum()) or "\u4e00" <= character <= "\u9fff"
