"""Vocabulary: the sorted distinct characters of a text, and their ids.

Shapes: ``V`` vocabulary, ``N`` characters of text.
"""

import codecs
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from shared.errors import UserError

Ids = NDArray[np.integer]
Points = NDArray[np.uint32]


@dataclass(frozen=True)
class Vocabulary:
    """``V`` sorted distinct code points; a character's id is its place among them."""

    characters: str

    def __post_init__(self) -> None:
        if list(self.characters) != sorted(set(self.characters)):
            raise ValueError("a vocabulary's characters are distinct and sorted by code point")

    @classmethod
    def from_text(cls, text: str) -> "Vocabulary":
        """Return the vocabulary of a text."""
        return cls("".join(sorted(set(text))))

    @classmethod
    def from_json(cls, document: str) -> "Vocabulary":
        """Return the vocabulary that ``to_json`` wrote."""
        return cls(json.loads(document)["characters"])

    def to_json(self) -> str:
        """Return the vocabulary as a JSON document."""
        return json.dumps({"characters": self.characters}, ensure_ascii=False)

    def __len__(self) -> int:
        return len(self.characters)

    @cached_property
    def _points(self) -> Points:
        return _code_points(self.characters)

    @cached_property
    def _places(self) -> NDArray[np.int32]:
        """The id of every code point up to the last of the vocabulary's, and one more; or -1."""
        last = int(self._points.max(initial=0))
        places = np.full(last + 2, -1, np.int32)
        places[self._points] = np.arange(len(self))
        return places

    def joined(self, characters: str) -> "Vocabulary":
        """Return the vocabulary of these characters and of others."""
        return Vocabulary.from_text(self.characters + characters)

    @property
    def dtype(self) -> np.dtype[np.integer]:
        """The smallest of uint8, uint16 and int32 that holds every id."""
        return id_dtype(len(self))

    def encode(self, text: str) -> Ids:
        """Return the ids (N,) of a text. Raises ``UserError`` naming an unknown character."""
        return self._encode(text, 0)

    def encode_known(self, text: str) -> Ids:
        """Return the ids (N,) of a text, ``V`` for a character that is not in the vocabulary."""
        points = np.minimum(_code_points(text), len(self._places) - 1)
        ids = self._places[points]
        return np.where(ids < 0, len(self), ids)

    def encode_utf8(self, chunks: Iterable[bytes], characters: int) -> Ids:
        """Return the ids (N,) of a text that comes as UTF-8 in chunks, ``N`` of them.

        Works on a chunk at a time, so that memory holds at most 4 bytes a character and no
        step is long. A chunk may end inside a character. Raises ``UserError`` for an unknown
        character, ``ValueError`` for bytes that are not UTF-8 or not ``N`` characters.
        """
        ids = np.empty(characters, self.dtype)
        filled = 0
        for text in _decoded(chunks):
            end = filled + len(text)
            if end <= characters:
                ids[filled:end] = self._encode(text, filled)
            filled = end
        if filled != characters:
            raise ValueError(f"the text has {filled} characters, {characters} were announced")
        return ids

    def decode(self, ids: Ids) -> str:
        """Return the text of ids (N,)."""
        return self._points[ids].astype("<u4").tobytes().decode("utf-32-le")

    def _encode(self, text: str, offset: int) -> Ids:
        """Return the ids of a text that begins ``offset`` characters into the whole."""
        # Whatever is beyond the table stands in its last place, which is nobody's.
        points = np.minimum(_code_points(text), len(self._places) - 1)
        ids = self._places[points]
        if len(ids) and ids.min() < 0:
            place = int(np.argmin(ids))
            raise UserError(
                f"character {text[place]!r} at {offset + place} is not in the vocabulary"
            )
        return ids.astype(self.dtype)


def id_dtype(vocabulary_size: int) -> np.dtype[np.integer]:
    """Return the smallest of uint8, uint16 and int32 that holds the ids of a vocabulary."""
    largest = vocabulary_size - 1
    return np.dtype(np.uint8 if largest < 2**8 else np.uint16 if largest < 2**16 else np.int32)


def _decoded(chunks: Iterable[bytes]) -> Iterator[str]:
    decoder = codecs.getincrementaldecoder("utf-8")("strict")
    for chunk in chunks:
        yield decoder.decode(chunk)
    yield decoder.decode(b"", final=True)


def _code_points(text: str) -> Points:
    # A lone surrogate passes here, to be named as a character that is not in the vocabulary.
    return np.frombuffer(text.encode("utf-32-le", "surrogatepass"), "<u4")
