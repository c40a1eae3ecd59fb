"""From bytes to text: what a file says of itself, and where it is not text."""

import codecs
import io
import random

import pytest

from shared.corpora.decoding import PIECE_BYTES, decode, find_encoding
from shared.errors import NotText

TEXT = "Größe: 中文, été, 🙂.\n"


def read(data: bytes) -> str:
    """Decode ``data`` as an upload is."""
    file = io.BytesIO(data)
    return "".join(decode(file, find_encoding(file)))


def refusal(data: bytes) -> str:
    """Return the message with which ``data`` is refused."""
    with pytest.raises(NotText) as caught:
        read(data)
    (problem,) = caught.value.problems
    assert problem.field == "file"
    assert problem.message == str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize(
    ("mark", "encoding"),
    [
        (b"", "utf-8"),
        (codecs.BOM_UTF8, "utf-8"),
        (codecs.BOM_UTF16_LE, "utf-16-le"),
        (codecs.BOM_UTF16_BE, "utf-16-be"),
        (codecs.BOM_UTF32_LE, "utf-32-le"),
        (codecs.BOM_UTF32_BE, "utf-32-be"),
    ],
)
@pytest.mark.parametrize("times", [1, 30_000])
def test_unicode_is_read_without_its_mark(mark: bytes, encoding: str, times: int) -> None:
    """Each form of Unicode gives the same text, over piece borders too."""
    assert read(mark + (TEXT * times).encode(encoding)) == TEXT * times


@pytest.mark.parametrize("shift", range(5))
def test_a_character_may_lie_across_a_piece_border(shift: int) -> None:
    """A four-byte character is whole wherever the border cuts it."""
    text = "a" * (PIECE_BYTES - shift) + "🙂b"
    assert read(text.encode()) == text


def test_an_empty_file_is_empty_text() -> None:
    """It is the corpus that is refused as empty, not the encoding."""
    assert read(b"") == ""
    assert read(codecs.BOM_UTF8) == ""


@pytest.mark.parametrize(
    ("before", "bad"),
    [
        (b"abc", b"\xff"),
        ("中文".encode(), b"\xc3("),
        (b"x" * (PIECE_BYTES - 1), b"\xe4\xb8"),
        (b"x" * PIECE_BYTES, b"\x80"),
        (b"x" * (3 * PIECE_BYTES + 17), b"\xf0\x9f\x99"),
        ("é".encode() * PIECE_BYTES, b"\xc3"),
        (b"", b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR"),
        (b"", b"\xed\xa0\x80"),
        (b"ok ", b"\xc0\xaf"),
    ],
)
def test_the_first_bad_byte_is_named(before: bytes, bad: bytes) -> None:
    """The offset is exact, also deep in the file and at a piece's border."""
    assert f"byte {len(before)} (0x{bad[0]:02x}) is not UTF-8" in refusal(before + bad)


def test_behind_a_mark_the_offset_counts_the_mark() -> None:
    """The offset is the file's, as a hex editor shows it."""
    assert "byte 6 (0xff)" in refusal(codecs.BOM_UTF8 + b"abc\xff")


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (codecs.BOM_UTF16_LE + "ab".encode("utf-16-le") + b"c", r"byte 6 \(0x63\) is not UTF-16"),
        (codecs.BOM_UTF16_BE + b"\x00a\xd8\x00\x00b", r"byte 4 \(0xd8\) is not UTF-16"),
        (codecs.BOM_UTF32_LE + b"\xff\xff\xff\xff", r"byte 4 \(0xff\) is not UTF-32"),
    ],
)
def test_a_broken_file_is_judged_by_what_it_says_it_is(data: bytes, words: str) -> None:
    """A file with a UTF-16 mark is not reproached with not being UTF-8."""
    with pytest.raises(NotText, match=words):
        read(data)


@pytest.mark.parametrize("cut", [1, 2])
def test_truncated_utf8_is_refused_at_its_last_character(cut: int) -> None:
    """A download that broke off is not taken for another encoding."""
    text = "这是一个关于老渔夫的故事。" * 50
    data = text.encode()[:-cut]
    assert f"byte {len(text.encode()) - 3} " in refusal(data)


@pytest.mark.parametrize("unit", ["Der Bär läuft. ", "“It’s the end,” he said to the man. "])
def test_one_damaged_byte_does_not_make_another_encoding(unit: str) -> None:
    """UTF-8 with a bad byte in it is refused there, not read as mojibake."""
    data = bytearray((unit * 200).encode())
    data.insert(1000, 0x92)
    with pytest.raises(NotText):
        read(bytes(data))


@pytest.mark.parametrize("seed", range(20))
def test_random_bytes_are_refused(seed: int) -> None:
    """Noise is no text in any encoding, however long it is."""
    data = random.Random(seed).randbytes(10 ** (seed % 5 + 1) + 4)
    offset = next(i for i in range(len(data) + 1) if not _utf8(data[: i + 1]))
    assert f"byte {offset - _held(data[:offset])} " in refusal(data)


def _utf8(data: bytes) -> bool:
    try:
        codecs.getincrementaldecoder("utf-8")().decode(data)
    except UnicodeDecodeError:
        return False
    return True


def _held(data: bytes) -> int:
    decoder = codecs.getincrementaldecoder("utf-8")()
    decoder.decode(data)
    return len(decoder.getstate()[0])
