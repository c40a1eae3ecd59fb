"""A place in a corpus' text: the stretch that is meant, and the text around it."""

from dataclasses import dataclass

from flask import request

from shared.corpora.models import CorpusVersion
from shared.corpora.passages import Passage, read_passage
from shared.db import Database

# Characters on either side of a stretch; of a page that shows none; of a stretch at most.
AROUND, PAGE, MOST = 1000, 3000, 10_000


@dataclass(frozen=True)
class Place:
    """What is shown of a version: text before a stretch, the stretch, and text behind it."""

    before: str
    stretch: str
    after: str
    passage: Passage
    line: int
    characters: int

    @property
    def first(self) -> int:
        """The first character that is shown, from 1."""
        return min(self.passage.start + 1, self.characters)

    @property
    def earlier(self) -> int | None:
        """Where the page before this one begins, or None."""
        start = self.passage.start
        return max(0, start - PAGE) if start else None

    @property
    def later(self) -> int | None:
        """Where the page behind this one begins, or None."""
        return self.passage.end if self.passage.end < self.characters else None

    @property
    def share(self) -> float:
        """How far into the text this is, from 0 to 1."""
        return self.passage.end / self.characters


def asked_place(db: Database, version: CorpusVersion) -> Place:
    """Return the place that ``at`` and ``length`` of the address name, kept within the text."""
    at = _number("at", version.characters - 1)
    return place_at(db, version, at, _number("length", min(MOST, version.characters - at)))


def place_at(db: Database, version: CorpusVersion, at: int, length: int) -> Place:
    """Return a stretch with the text around it; a page of text where ``length`` is 0."""
    start = max(0, at - AROUND) if length else at
    wanted = at - start + length + AROUND if length else PAGE
    passage = read_passage(db, version, start, wanted)
    before, end = at - start, at - start + length
    return Place(
        before=passage.text[:before],
        stretch=passage.text[before:end],
        after=passage.text[end:],
        passage=passage,
        line=passage.line_at(at),
        characters=version.characters,
    )


def _number(name: str, most: int) -> int:
    return max(0, min(most, request.args.get(name, 0, type=int)))
