"""Vocabularies that come as files: which character stands at which place of a model."""

import json
from typing import Any

from shared.errors import VocabularyRefused
from shared.said import said

MOST_CHARACTERS = 65_536
# Twelve bytes are the longest form of a character in JSON, with quotes, comma and place.
MOST_BYTES = 32 * MOST_CHARACTERS
SURROGATES = range(0xD800, 0xE000)


def read_vocabulary(data: bytes) -> str:
    """Return a model's characters in its order.

    They come as a JSON list, as a JSON object of characters and their places, or as plain text.
    Raises ``VocabularyRefused``.
    """
    if len(data) > MOST_BYTES:
        raise VocabularyRefused(
            said("the vocabulary has {count} bytes; accepted: at most {most}",
                 count=len(data), most=MOST_BYTES)
        )  # fmt: skip
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise VocabularyRefused(
            said("the vocabulary is not UTF-8: byte {offset}", offset=error.start)
        ) from error
    return checked(_characters(text))


def checked(found: list[Any]) -> str:
    """Return characters as a text. Raises ``VocabularyRefused``."""
    if not 2 <= len(found) <= MOST_CHARACTERS:
        raise VocabularyRefused(
            said("the vocabulary has {count} characters; accepted: 2 to {most}",
                 count=len(found), most=MOST_CHARACTERS)
        )  # fmt: skip
    seen: set[str] = set()
    for place, one in enumerate(found):
        if not isinstance(one, str) or len(one) != 1:
            raise _refused(place, one, said("one character"))
        if ord(one) in SURROGATES or one == "\0":
            raise _refused(place, one, said("no lone surrogate and no NUL"))
        if one in seen:
            raise _refused(place, one, said("each character once"))
        seen.add(one)
    return "".join(found)


def _characters(text: str) -> list[Any]:
    """Return what stands in a file: text that is no JSON list or object is the characters."""
    if text.lstrip()[:1] not in ("[", "{"):
        return list(text)
    try:
        found = json.loads(text, object_pairs_hook=_by_place)
    except (ValueError, RecursionError):
        return list(text)
    if not isinstance(found, list):
        raise VocabularyRefused(said("accepted: a JSON list of characters, or plain text"))
    return found


def _by_place(pairs: list[tuple[str, Any]]) -> list[str]:
    """Return the characters of an object in the order of their places. Raises
    ``VocabularyRefused`` where those are not 0, 1, 2 and so on."""
    places = {place: character for character, place in pairs if type(place) is int}
    if sorted(places) != list(range(len(pairs))):
        raise VocabularyRefused(
            said("the places of the characters are not each of 0 to {last} once",
                 last=len(pairs) - 1)
        )  # fmt: skip
    return [places[place] for place in range(len(pairs))]


def _refused(place: int, received: object, accepted: str) -> VocabularyRefused:
    return VocabularyRefused(
        said("character {place} of the vocabulary is {received}; accepted: {accepted}",
             place=place, received=ascii(received)[:80], accepted=accepted)
    )  # fmt: skip
