"""Characters to ids and back."""

import sys
import tracemalloc

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.errors import UserError
from worker.engine.vocabulary import Vocabulary

# No lone surrogates: UTF-8 cannot carry them.
texts = st.text(st.characters(exclude_categories=["Cs"]))
MIXED = "To be, 或者不 😀 e\u0301 ÿ\U0010ffff\n"


def chunks(data: bytes, size: int) -> list[bytes]:
    """Bytes in pieces that cut characters wherever they like."""
    return [data[i : i + size] for i in range(0, len(data), size)]


def test_characters_are_sorted_and_distinct() -> None:
    """A vocabulary is the text's code points in order, each once."""
    assert Vocabulary.from_text("hello, world").characters == " ,dehlorw"


@pytest.mark.parametrize("characters", ["ba", "aab"])
def test_refuses_characters_out_of_order(characters: str) -> None:
    """Ids would be ambiguous in an unsorted vocabulary."""
    with pytest.raises(ValueError, match="distinct and sorted"):
        Vocabulary(characters)


@given(texts)
def test_encode_then_decode_is_the_text(text: str) -> None:
    """Every text comes back from its ids, whatever its script."""
    vocabulary = Vocabulary.from_text(text)
    ids = vocabulary.encode(text)
    assert [vocabulary.characters[i] for i in ids] == list(text)
    assert vocabulary.decode(ids) == text


@given(texts)
def test_json_round_trip(text: str) -> None:
    """A vocabulary survives its JSON."""
    vocabulary = Vocabulary.from_text(text)
    assert Vocabulary.from_json(vocabulary.to_json()) == vocabulary


@given(texts, st.integers(1, 9))
def test_utf8_in_chunks_gives_the_ids_of_the_whole(text: str, size: int) -> None:
    """Where chunks cut the text, even inside a character, makes no difference."""
    vocabulary = Vocabulary.from_text(text)
    ids = vocabulary.encode_utf8(chunks(text.encode(), size), len(text))
    np.testing.assert_array_equal(ids, vocabulary.encode(text))
    assert ids.dtype == vocabulary.encode(text).dtype


@pytest.mark.parametrize(
    ("size", "dtype"),
    [(1, np.uint8), (256, np.uint8), (257, np.uint16), (65_536, np.uint16), (65_537, np.int32)],
)
def test_ids_are_as_small_as_they_can_be(size: int, dtype: type) -> None:
    """The last id just fits."""
    points = (p for p in range(size + 2048) if not 0xD800 <= p <= 0xDFFF)
    vocabulary = Vocabulary("".join(chr(p) for p, _ in zip(points, range(size), strict=False)))
    last = vocabulary.encode(vocabulary.characters[-1])
    assert last.dtype == dtype
    assert last[0] == size - 1


@pytest.mark.parametrize("unknown", ["a", "m", "z", "😀", "\ud800"])
def test_names_the_unknown_character_and_its_place(unknown: str) -> None:
    """Before, between or behind the known ones: an unknown character is named."""
    with pytest.raises(UserError) as caught:
        Vocabulary("bcxy").encode("bcx" + unknown)
    assert str(caught.value) == f"character {unknown!r} at 3 is not in the vocabulary"


def test_an_unknown_character_is_placed_in_the_whole_text() -> None:
    """Its place counts from the text's start, not from its chunk's."""
    with pytest.raises(UserError, match="'z' at 5 "):
        Vocabulary("b").encode_utf8([b"bb", b"bbbz"], 6)


@pytest.mark.parametrize("announced", [0, 2, 4, 5])
def test_the_number_of_characters_must_be_right(announced: int) -> None:
    """A text that is shorter or longer than announced is refused."""
    with pytest.raises(ValueError, match=f"3 characters, {announced} were announced"):
        Vocabulary("b").encode_utf8([b"bb", b"b"], announced)


def test_a_text_that_ends_inside_a_character_is_refused() -> None:
    """The first bytes of an emoji are no character."""
    with pytest.raises(UnicodeDecodeError):
        Vocabulary("b").encode_utf8(["b😀".encode()[:-1]], 1)


def test_encoding_holds_little_more_than_the_ids() -> None:
    """A text that streams by takes at most 4 bytes a character, a chunk's work and a table."""
    vocabulary, chunk, number = Vocabulary.from_text(MIXED), MIXED.encode() * 100, 500
    characters = len(MIXED) * 100 * number
    tracemalloc.start()
    vocabulary.encode_utf8((chunk for _ in range(number)), characters)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    table = 4 * sys.maxunicode
    assert peak < characters + 40 * len(chunk) + table
