"""The corpus doctor: looks at a text while it is taken in, piece by piece, in bounded memory."""

from shared.corpora import characters
from shared.corpora.characters import Characters
from shared.corpora.examinations import Examination
from shared.corpora.repeats import LEAST_LINE, LEAST_PARAGRAPH, Units


class Doctor:
    """Looks at the pieces of one cleaned text. Where they end never shows."""

    def __init__(self) -> None:
        self._characters = Characters()
        self._lines = Units("\n", LEAST_LINE)
        self._paragraphs = Units("\n\n", LEAST_PARAGRAPH)

    def look(self, piece: str) -> None:
        """Look at the next piece."""
        self._characters.add(piece)
        self._lines.add(piece)
        self._paragraphs.add(piece)

    def vocabulary(self) -> str:
        """Return the distinct characters, sorted."""
        return self._characters.vocabulary()

    def examination(self) -> Examination:
        """Return what was found; the text has ended."""
        self._lines.end()
        self._paragraphs.end()
        counted = self._characters.counted()
        total = sum(count for _, count in counted)
        return Examination(
            characters=total,
            vocabulary_size=len(counted),
            most_frequent=characters.most_frequent(counted),
            categories=characters.categories(counted),
            scripts=characters.scripts(counted),
            rare=characters.rare(counted, total),
            invisible=self._characters.invisible(),
            lines=self._lines.count,
            longest_line=self._lines.longest,
            repeated_lines=self._lines.repeats(total),
            repeated_paragraphs=self._paragraphs.repeats(total),
        )
