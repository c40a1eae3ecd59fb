"""Vocabulary: the sorted distinct characters of a text, and their ids."""

import codecs
import json
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from shared.errors import UserError

Ids = NDArray[np.integer]


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
    def _points(self) -> NDArray[np.uint32]:
        return _code_points(self.characters)

    def encode(self, text: str) -> Ids:
        """Return the ids (N,) of a text. Raises ``UserError`` naming an unknown character."""
        points = _code_points(text)
        ids = np.searchsorted(self._points, points)
        known = self._points[np.minimum(ids, len(self) - 1)] == points
        if not known.all():
            place = int(np.argmin(known))
            raise UserError(f"character {text[place]!r} at {place} is not in the vocabulary")
        return ids.astype(self.dtype)

    @property
    def dtype(self) -> np.dtype[np.integer]:
        """The smallest of uint8, uint16 and int32 that holds every id."""
        largest = len(self) - 1
        return np.dtype(np.uint8 if largest < 2**8 else np.uint16 if largest < 2**16 else np.int32)

    def encode_utf8(self, chunks: Iterable[bytes], characters: int) -> Ids:
        """Return the ids (N,) of a text that comes as UTF-8 in chunks, ``N`` of them.

        Works on a chunk at a time, so that memory holds at most 4 bytes a character.
        Raises ``UserError`` for an unknown character.
        """
        ids = np.empty(characters, self.dtype)
        decoder = codecs.getincrementaldecoder("utf-8")("strict")
        filled = 0
        for chunk in chunks:
            piece = self.encode(decoder.decode(chunk))
            ids[filled : filled + len(piece)] = piece
            filled += len(piece)
        if filled != characters:
            raise ValueError(f"the text has {filled} characters, {characters} were announced")
        return ids

    def decode(self, ids: Ids) -> str:
        """Return the text of ids (N,)."""
        return self._points[ids].astype("<u4").tobytes().decode("utf-32-le")


def _code_points(text: str) -> NDArray[np.uint32]:
    return np.frombuffer(text.encode("utf-32-le"), "<u4")
