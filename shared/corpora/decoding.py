"""From bytes to text: UTF-8, or another encoding where that is sure; streamed.

Sources: Unicode 15, chapter 23.8 (byte order marks); what languages look like: ``languages``.
"""

import codecs
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import BinaryIO

from shared.corpora.languages import (
    ALPHABETIC,
    LANGUAGES,
    LEAST_WORDS,
    RIVALS,
    Language,
    beyond_ascii,
    letters_fit,
    misread,
    reads_as_script,
    share_of_words,
)
from shared.errors import FieldProblem, NotText
from shared.said import said

PIECE_BYTES = 256 * 1024
# Detection judges by a stretch around the first byte that is not UTF-8, not the whole upload.
DETECT_BYTES = 128 * 1024
# Longest first: the UTF-16 mark is the beginning of a UTF-32 one.
MARKS = [
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
]
# What a text says of itself; any other encoding was found by detection.
DECLARED = ("utf-8", "utf-8-sig", "utf-16", "utf-32")
EAST_ASIAN = ("gb18030", "cp950", "cp932", "euc_jp", "cp949")

# A damaged UTF-8 file is no other encoding's: of its bytes beyond ASCII most are still UTF-8.
# In others some pairs are by chance, in Russian on DOS every third letter.
UTF8 = re.compile(rb"[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3}")
MOST_UTF8 = 0.5
HIGH = re.compile(rb"[\x80-\xff]+")
# No text has these; binary files do.
CONTROLS = re.compile(rb"[\x00-\x08\x0e-\x1f\x7f]")
C1 = re.compile("[\x80-\x9f]")


@dataclass(frozen=True)
class Guess:
    """An encoding in which a stretch reads as a language, or (None) as an East Asian script."""

    encoding: str
    text: str
    language: Language | None


def find_encoding(file: BinaryIO) -> str:
    """Return the encoding of a seekable file. Raises ``NotText`` naming the first bad byte."""
    file.seek(0)
    head = file.read(4)
    for mark, encoding in MARKS:
        if head.startswith(mark):
            return encoding
    bad = _first_bad_byte(file, "utf-8")
    if bad is None:
        return "utf-8"
    guess = _detect(file, bad)
    if guess is None:
        raise _not_text(file, bad)
    return guess


def decode(file: BinaryIO, encoding: str) -> Iterator[str]:
    """Yield the file's text in pieces. Raises ``NotText`` naming the first bad byte."""
    bad = _first_bad_byte(file, encoding) if not encoding.startswith("utf-8") else None
    if bad is not None:
        raise _not_text(file, bad, encoding)
    try:
        yield from _texts(file, encoding)
    except UnicodeError as error:
        raise _not_text(file, _first_bad_byte(file, encoding) or 0, encoding) from error


def _texts(file: BinaryIO, encoding: str) -> Iterator[str]:
    decoder = codecs.getincrementaldecoder(encoding)("strict")
    for piece in _pieces(file):
        if text := decoder.decode(piece):
            yield text
    yield decoder.decode(b"", final=True)


def _pieces(file: BinaryIO) -> Iterator[bytes]:
    file.seek(0)
    while piece := file.read(PIECE_BYTES):
        yield piece


def _first_bad_byte(file: BinaryIO, encoding: str) -> int | None:
    """Return the offset of the first byte that ``encoding`` does not allow, or None."""
    # The mark at the start is UTF-8 too; Python's decoder that drops it miscounts by its length.
    plain = "utf-8" if encoding == "utf-8-sig" else encoding
    decoder = codecs.getincrementaldecoder(plain)("strict")
    offset = 0
    for piece in _pieces(file):
        held = len(decoder.getstate()[0])
        try:
            decoder.decode(piece)
        except UnicodeDecodeError as error:
            return offset - held + error.start
        except UnicodeError:
            return offset
        offset += len(piece)
    held = len(decoder.getstate()[0])
    try:
        decoder.decode(b"", final=True)
    except UnicodeError:
        return offset - held
    return None


def _detect(file: BinaryIO, bad: int) -> str | None:
    """Return the encoding that the file is in for sure, or None."""
    window = _window(file, bad)
    if CONTROLS.search(window):
        return None
    guesses = [*_east_asian(window), *_alphabetic(window)]
    if len({guess.text for guess in guesses}) != 1:
        return None
    answers = [guess for guess in guesses if guess.encoding not in RIVALS]
    return next((guess.encoding for guess in answers if _holds(file, guess)), None)


def _window(file: BinaryIO, bad: int) -> bytes:
    """Return the stretch to judge by: whole lines around the first byte that is not UTF-8."""
    start = max(0, bad - DETECT_BYTES // 2)
    file.seek(start)
    data = file.read(DETECT_BYTES)
    if start == 0:
        return data
    # A line's start is a character's start in every candidate.
    line = data.find(b"\n", 0, bad - start) + 1
    return data[line or bad - start :]


def _east_asian(window: bytes) -> list[Guess]:
    guesses = []
    for encoding in EAST_ASIAN:
        text = _read(window, encoding)
        if text is not None and reads_as_script(beyond_ascii(text), encoding):
            guesses.append(Guess(encoding, text, None))
    return guesses


def _alphabetic(window: bytes) -> list[Guess]:
    """Return the decodings that read best as a language: of all, those half as good or better."""
    if _utf8_share([window]) > MOST_UTF8:
        return []
    found: list[tuple[float, Guess]] = []
    for encoding in ALPHABETIC:
        text = _read(window, encoding)
        if text is not None and not misread(text):
            found += _languages(encoding, text)
    best = max((share for share, _ in found), default=0.0)
    return [guess for share, guess in found if share >= best / 2]


def _languages(encoding: str, text: str) -> list[tuple[float, Guess]]:
    characters, found = beyond_ascii(text), []
    for language in LANGUAGES:
        if encoding in language.encodings and letters_fit(characters, language):
            share = share_of_words(text, language)
            if share >= LEAST_WORDS:
                found.append((share, Guess(encoding, text, language)))
    return found


def _read(window: bytes, encoding: str) -> str | None:
    """Decode a window, whose end may cut a character; None where the bytes are not allowed."""
    try:
        text = codecs.getincrementaldecoder(encoding)("strict").decode(window)
    except UnicodeError:
        return None
    return None if C1.search(text) else text


def _holds(file: BinaryIO, guess: Guess) -> bool:
    """Tell whether the whole file reads as the window did."""
    if _first_bad_byte(file, guess.encoding) is not None:
        return False
    characters: Counter[str] = Counter()
    for text in _texts(file, guess.encoding):
        characters += beyond_ascii(text)
    if guess.language is None:
        return reads_as_script(characters, guess.encoding)
    return letters_fit(characters, guess.language) and _utf8_share(_pieces(file)) <= MOST_UTF8


def _utf8_share(pieces: Iterable[bytes]) -> float:
    """Return the share of bytes beyond ASCII that are UTF-8: a damaged file has many."""
    whole = beyond = 0
    for piece in pieces:
        beyond += len(piece) - len(HIGH.sub(b"", piece))
        whole += sum(map(len, UTF8.findall(piece)))
    return whole / max(1, beyond)


def _not_text(file: BinaryIO, offset: int, encoding: str = "utf-8") -> NotText:
    file.seek(offset)
    byte = file.read(1)
    name = "UTF-8" if encoding.startswith("utf-8") else encoding.upper()
    received = f"0x{byte.hex()}"
    message = said(
        "byte {offset} ({byte}) is not {encoding}; save the text as UTF-8",
        offset=offset,
        byte=received,
        encoding=name,
    )
    if name == "UTF-8":
        message = said(
            "byte {offset} ({byte}) is not UTF-8, and no other encoding could be told for sure; "
            "save the text as UTF-8",
            offset=offset,
            byte=received,
        )
    return NotText(message, [FieldProblem("file", message, received, said("UTF-8 text"))])
