"""Other encodings than UTF-8: read where that is sure, refused where it is not, never misread."""

import io

import pytest

from shared.corpora.decoding import DETECT_BYTES, decode, find_encoding
from shared.errors import NotText
from tests.support.texts import CASES, PROSE

REFUSED, UTF8 = "(refused)", "(UTF-8 by chance)"


def read(data: bytes) -> str:
    """Decode ``data`` as an upload is."""
    file = io.BytesIO(data)
    return "".join(decode(file, find_encoding(file)))


def read_or_refused(data: bytes) -> str:
    """Decode ``data``, or tell that it was refused, or that it happens to be UTF-8."""
    try:
        text = read(data)
    except NotText:
        return REFUSED
    return UTF8 if text.encode() == data else text


@pytest.mark.parametrize(("language", "encoding"), CASES)
def test_a_paragraph_is_read_in_its_encoding(language: str, encoding: str) -> None:
    """A few sentences are enough to be sure of the language, and so of the encoding."""
    text = PROSE[language][1]
    assert read(text.encode(encoding)) == text


@pytest.mark.parametrize(
    ("language", "encoding"),
    [
        ("French", "latin-1"),
        ("Polish", "iso8859-2"),
        ("Russian", "koi8-r"),
        ("simplified Chinese", "gb18030"),
        ("traditional Chinese", "big5"),
        ("Japanese", "cp932"),
        ("Japanese", "euc-jp"),
        ("Korean", "cp949"),
    ],
)
def test_a_book_is_read_over_piece_borders(language: str, encoding: str) -> None:
    """A text of many pieces and windows comes out whole."""
    text = (PROSE[language][1] + "\n") * 900
    assert read(text.encode(encoding)) == text


@pytest.mark.parametrize(("language", "encoding"), CASES)
def test_a_short_text_is_read_right_or_refused(language: str, encoding: str) -> None:
    """Where a few words do not make it sure, the answer is a refusal, never another text."""
    text = PROSE[language][1]
    starts = [(n, start) for n in (3, 8, 20, 50, 100) for start in range(0, len(text), 29)]
    parts = [text[start : start + n] for n, start in starts]
    found = {part: read_or_refused(part.encode(encoding)) for part in parts}
    assert {part: got for part, got in found.items() if got not in (part, REFUSED, UTF8)} == {}


@pytest.mark.parametrize(
    ("language", "encoding"),
    [
        ("French", "mac_roman"),
        ("German", "cp850"),
        ("Polish", "mac_latin2"),
        ("Polish", "cp852"),
        ("Russian", "mac_cyrillic"),
        ("Russian", "cp855"),
        ("Greek", "cp737"),
        ("Turkish", "cp857"),
        ("Korean", "johab"),
        ("Japanese", "utf-16-le"),
    ],
)
def test_an_encoding_of_an_old_machine_is_not_mistaken(language: str, encoding: str) -> None:
    """What is hardly met any more is refused rather than read as its newer relative."""
    with pytest.raises(NotText):
        read(PROSE[language][1].encode(encoding))


def test_english_with_typographic_quotes_is_read() -> None:
    """The commonest file of all that is not UTF-8: Windows quotes in plain English."""
    text = "“It’s the end of it,” he said to the man – and that was all. " * 3
    assert read(text.encode("cp1252")) == text


def test_the_first_foreign_byte_may_come_late() -> None:
    """The stretch that is judged lies around the first byte that is not ASCII."""
    text = "It was the sea that he saw as he was.\n" * (2 * DETECT_BYTES // 38)
    text += "It’s the sea – he said “no” to it.\n"
    assert read(text.encode("cp1252")) == text


def test_a_file_that_changes_its_encoding_is_refused() -> None:
    """What reads well at the start must read well to the end."""
    start = (PROSE["Russian"][1] + "\n").encode("cp1251") * 900
    end = (PROSE["Russian"][1] + "\n").encode("koi8-r") * 900
    with pytest.raises(NotText, match="byte 0 "):
        read(start + end)


def test_an_ambiguous_letter_is_refused() -> None:
    """The euro of Latin-9 is another sign in Latin-1: without more, neither is sure."""
    with pytest.raises(NotText):
        read("¼ ½ ¾".encode("latin-1"))
