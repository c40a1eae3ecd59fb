"""Places in a text are found by characters, however many bytes those take."""

from shared.blobs import CHUNK_BYTES
from shared.corpora.passages import Passage, read_passage
from shared.db import Database
from tests.support.factories import make_corpus

# Three bytes, two and one: the chunks' borders cut characters at any byte.
LINE = "千里之行，始于足下。Être ou ne pas être.\n"
TEXT = LINE * 12_000
PLACES = [0, 1, 37, CHUNK_BYTES // 3, CHUNK_BYTES // 2, 200_000, len(TEXT) - 30]


def test_every_place(db: Database) -> None:
    """A passage is that slice of the text, and its line is counted from 1."""
    version = make_corpus(db, TEXT).latest_version
    # There and back: what was counted on the way is remembered.
    for start in [*PLACES, *reversed(PLACES)]:
        for length in (0, 1, 2000, 300_000):
            passage = read_passage(db, version, start, length)
            assert passage.text == TEXT[start : start + length], (start, length)
            assert passage.line == TEXT.count("\n", 0, start) + 1, start


def test_around_a_border_of_chunks(db: Database) -> None:
    """No character is lost or doubled where a chunk ends inside it."""
    version = make_corpus(db, TEXT).latest_version
    border = len(TEXT.encode()[:CHUNK_BYTES].decode(errors="ignore"))
    for start in range(border - 3, border + 3):
        assert read_passage(db, version, start, 5).text == TEXT[start : start + 5]
        assert read_passage(db, version, start - 5, 5).text == TEXT[start - 5 : start]


def test_behind_the_end(db: Database) -> None:
    """Nothing, on the last line."""
    version = make_corpus(db, TEXT).latest_version
    assert read_passage(db, version, len(TEXT), 10) == Passage(len(TEXT), 12_001, "")


def test_lines_inside_a_passage() -> None:
    """The line of any character of it."""
    passage = Passage(start=10, line=3, text="one\ntwo\nthree")
    assert [passage.line_at(at) for at in (10, 13, 14, 18)] == [3, 3, 4, 5]
    assert passage.end == 23
