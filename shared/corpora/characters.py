"""Counting the characters of a text, piece by piece."""

import unicodedata
from collections import Counter

import numpy as np

from shared.corpora.examinations import (
    CategoryCount,
    CharacterCount,
    InvisibleCharacter,
    RareCharacters,
    ScriptCount,
)

# A character must be seen some times before anything can be learned of it.
RARE = 10
MOST_LISTED, MOST_SCRIPTS = 200, 10
CODE_POINTS = 0x110000
# Blanks of other widths, and what joins, breaks or turns the writing without being seen.
CATEGORIES = ("Cc", "Cf", "Zs", "Zl", "Zp")
# Not to be seen either, though their categories do not say so: fillers, joiners, Braille's blank.
OTHERS = "\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0"
# Chinese and Japanese have a blank of their own.
PLAIN = "\n\t \u3000"
# Unicode names no control characters.
CONTROLS = {"\r": "CARRIAGE RETURN", "\x0b": "LINE TABULATION", "\x0c": "FORM FEED",
            "\x1b": "ESCAPE", "\x7f": "DELETE", "\x85": "NEXT LINE"}  # fmt: skip


class Characters:
    """How often each character stands in a text, and where each invisible one stands first."""

    def __init__(self) -> None:
        self._counts = np.zeros(CODE_POINTS, np.int64)
        self._offset = 0
        self._first: dict[str, int] = {}

    def add(self, piece: str) -> None:
        """Count the next piece of the text."""
        codes = np.frombuffer(piece.encode("utf-32-le"), np.uint32)
        counts = np.bincount(codes)
        before = self._counts[: len(counts)]
        for character in map(chr, np.flatnonzero((before == 0) & (counts > 0)).tolist()):
            if is_invisible(character):
                self._first[character] = self._offset + piece.index(character)
        before += counts
        self._offset += len(piece)

    def vocabulary(self) -> str:
        """Return the distinct characters, sorted."""
        return "".join(map(chr, np.flatnonzero(self._counts).tolist()))

    def counted(self) -> list[tuple[str, int]]:
        """Return the characters with their counts, the most frequent first."""
        pairs = [(c, int(self._counts[ord(c)])) for c in self.vocabulary()]
        return sorted(pairs, key=lambda pair: -pair[1])

    def invisible(self) -> list[InvisibleCharacter]:
        """Return the invisible characters, the most frequent first."""
        found = [
            InvisibleCharacter(
                code_point=f"U+{ord(c):04X}", name=name_of(c),
                count=int(self._counts[ord(c)]), offset=offset,
            )
            for c, offset in self._first.items()
        ]  # fmt: skip
        return sorted(found, key=lambda each: (-each.count, each.code_point))


def most_frequent(counted: list[tuple[str, int]]) -> list[CharacterCount]:
    """Return the first of the counted characters."""
    return [CharacterCount(character=c, count=n) for c, n in counted[:MOST_LISTED]]


def categories(counted: list[tuple[str, int]]) -> list[CategoryCount]:
    """Return how many characters each Unicode category has, the most frequent one first."""
    counts, distinct = Counter[str](), Counter[str]()
    for character, count in counted:
        category = unicodedata.category(character)
        counts[category] += count
        distinct[category] += 1
    return [
        CategoryCount(category=name, distinct=distinct[name], count=count)
        for name, count in counts.most_common()
    ]


def scripts(counted: list[tuple[str, int]]) -> list[ScriptCount]:
    """Return how many letters each script has, the most frequent one first."""
    counts = Counter[str]()
    for character, count in counted:
        if unicodedata.category(character).startswith("L"):
            counts[script_of(character)] += count
    letters = sum(counts.values())
    return [
        ScriptCount(script=name, count=count, share=count / letters)
        for name, count in counts.most_common(MOST_SCRIPTS)
    ]


def rare(counted: list[tuple[str, int]], characters: int) -> RareCharacters:
    """Return the rare ones among a text's counted characters; ``characters`` is its ``N``."""
    found = [(c, n) for c, n in counted if n < RARE]
    count = sum(n for _, n in found)
    return RareCharacters(
        distinct=len(found),
        count=count,
        share=count / max(1, characters),
        characters="".join(c for c, _ in found[:MOST_LISTED]),
    )


def script_of(letter: str) -> str:
    """Return the first word of a letter's Unicode name, which is its script's."""
    words = unicodedata.name(letter, "unnamed").lower().replace("-", " ").split()
    width = words[0] in ("fullwidth", "halfwidth", "modifier") and len(words) > 1
    return words[1] if width else words[0]


def name_of(character: str) -> str:
    """Return a character's Unicode name, or what a control character is called."""
    return unicodedata.name(character, CONTROLS.get(character, "CONTROL CHARACTER"))


def is_invisible(character: str) -> bool:
    """Tell whether a character is not seen, or looks like a plain blank."""
    if character in PLAIN:
        return False
    return unicodedata.category(character) in CATEGORIES or character in OTHERS
