"""Finding lines and paragraphs that are there more than once, in memory that does not grow.

What was seen is remembered by its hash alone: two of a text's differ in 64 bits.
"""

from dataclasses import dataclass
from itertools import accumulate

from shared.corpora.examinations import LongestLine, Repeat, Repeats

# Shorter ones repeat in any text: a speaker's name, a chapter's number.
LEAST_LINE, LEAST_PARAGRAPH = 20, 40
# Different ones that are remembered, at some 150 bytes; and repeated ones, at some 400.
MOST_SEEN, MOST_REPEATED = 250_000, 20_000
# A longer one is not compared: it would have to be held.
MOST_HELD = 100_000
EXAMPLES, EXCERPT = 5, 80


@dataclass(slots=True)
class Again:
    """What is there more than once: where, how long it is, how it begins, how often."""

    first: int
    second: int
    characters: int
    excerpt: str
    count: int = 2

    def repeated_characters(self) -> int:
        """Return how much of the text it takes, but for the first time."""
        return (self.count - 1) * self.characters


class Units:
    """The parts of a text that a separator ends, from a text that comes in pieces.

    Those of at least ``least`` characters are compared.
    """

    def __init__(self, separator: str, least: int):
        self._separator, self._least = separator, least
        self.count, self.longest = 0, LongestLine(characters=0, offset=0)
        # Where the next one begins; what is held of it, and how much of it was let go.
        self._offset, self._held, self._gone = 0, "", 0
        self._compared, self._capped = 0, False
        # By hash: where one stands first, and what is there again.
        self._first: dict[int, int] = {}
        self._again: dict[int, Again] = {}
        # What is there again and has no room.
        self._others = self._others_characters = 0

    def add(self, piece: str) -> None:
        """Look at the next piece of the text."""
        *units, held = (self._held + piece).split(self._separator)
        if units:
            self._look(units)
        self._held = held
        if len(held) > MOST_HELD:
            # Its end may be the separator's beginning.
            self._held = held[-1:]
            self._gone += len(held) - 1

    def end(self) -> None:
        """Look at what is held: the text has ended."""
        if self._held or self._gone:
            self._look([self._held])
        self._held = ""

    def repeats(self, total: int) -> Repeats:
        """Return what was found in a text of ``total`` characters."""
        known = self._again.values()
        repeated = self._others + sum(each.count - 1 for each in known)
        characters = self._others_characters + sum(map(Again.repeated_characters, known))
        return Repeats(
            compared=self._compared,
            repeated=repeated,
            characters=characters,
            share=characters / max(1, total),
            capped=self._capped,
            examples=self._examples(),
        )

    def _look(self, units: list[str]) -> None:
        sizes = list(map(len, units))
        sizes[0] += self._gone
        gap = len(self._separator)
        offsets = list(accumulate((size + gap for size in sizes), initial=self._offset))
        self.count += len(units)
        if (longest := max(sizes)) > self.longest.characters:
            at = offsets[sizes.index(longest)]
            self.longest = LongestLine(characters=longest, offset=at)
        # Of the first one only the end is there.
        skipped = 1 if self._gone else 0
        self._compared += sum(map(self._least.__le__, map(len, units[skipped:])))
        self._compare(units[skipped:], offsets[skipped:])
        self._offset, self._gone = offsets[-1], 0

    def _compare(self, units: list[str], offsets: list[int]) -> None:
        first, again, least = self._first, self._again, self._least
        for unit, offset in zip(units, offsets, strict=False):
            if len(unit) < least:
                continue
            key = hash(unit)
            if key in again:
                again[key].count += 1
            elif key in first:
                self._add_again(key, unit, offset)
            elif len(first) < MOST_SEEN:
                first[key] = offset
            else:
                self._capped = True

    def _add_again(self, key: int, unit: str, offset: int) -> None:
        again = Again(self._first[key], offset, len(unit), unit[:EXCERPT])
        if len(self._again) < MOST_REPEATED:
            self._again[key] = again
        else:
            self._others += 1
            self._others_characters += again.characters

    def _examples(self) -> list[Repeat]:
        most = sorted(self._again.values(), key=Again.repeated_characters, reverse=True)
        return [
            Repeat(
                excerpt=each.excerpt, characters=each.characters, count=each.count,
                offset=each.first, again_at=each.second,
            )
            for each in most[:EXAMPLES]
        ]  # fmt: skip
