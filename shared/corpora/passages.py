"""Places in a text, found by the characters before them.

Nothing says where in the bytes a character stands: they are counted from the text's beginning, a
chunk at a time (for the end of 100 MB half a second). What was counted is remembered, a pair of
numbers a chunk: after that every place is near. No more than the passage and two chunks are held.
"""

from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from threading import Lock

from shared.blobs import CHUNK_BYTES, read_blob
from shared.corpora.models import CorpusVersion
from shared.db import Database

# The bytes of a character but for its first one (RFC 3629).
LATER_BYTES = bytes(range(0x80, 0xC0))
# Texts whose counts are remembered.
REMEMBERED = 64
_counting = Lock()


@dataclass(frozen=True)
class Passage:
    """Some characters in a row: the first one's offset, from 0, and its line, from 1."""

    start: int
    line: int
    text: str

    @property
    def end(self) -> int:
        """The offset behind the last character."""
        return self.start + len(self.text)

    def line_at(self, offset: int) -> int:
        """Return the line of a character of the passage."""
        return self.line + self.text.count("\n", 0, offset - self.start)


def read_passage(db: Database, version: CorpusVersion, start: int, length: int) -> Passage:
    """Return ``length`` characters from offset ``start`` on, fewer where the text ends before."""
    counts = _counts(version.blob_id)
    first = bisect_right(counts, start, key=lambda count: count[0]) - 1
    before, line = counts[first]
    pieces = read_blob(db, version.blob_id, first * CHUNK_BYTES)
    for number, piece in enumerate(pieces, first):
        held = characters_in(piece)
        if before + held > start:
            text = _decoded(piece, pieces, start - before + length)
            skipped = start - before
            line += text.count("\n", 0, skipped)
            return Passage(start, line, text[skipped : skipped + length])
        before, line = before + held, line + piece.count(b"\n")
        with _counting:
            if len(counts) == number + 1:
                counts.append((before, line))
    return Passage(before, line, "")


@lru_cache(REMEMBERED)
def _counts(blob_id: str) -> list[tuple[int, int]]:
    """Return the characters before each chunk that was counted, and the line it begins in."""
    # A blob's bytes never change.
    return [(0, 1)]


def characters_in(piece: bytes) -> int:
    """Return how many characters begin in a piece of UTF-8."""
    return len(piece) if piece.isascii() else len(piece.translate(None, LATER_BYTES))


def _decoded(piece: bytes, more: Iterator[bytes], wanted: int) -> str:
    """Return at least ``wanted`` of the characters that begin in ``piece`` or behind it."""
    gathered, held = [piece], characters_in(piece)
    # One more: the last one may be cut.
    while held <= wanted and (further := next(more, b"")):
        gathered.append(further)
        held += characters_in(further)
    # What is cut at the borders belongs to the neighbours.
    return b"".join(gathered).decode(errors="ignore")
