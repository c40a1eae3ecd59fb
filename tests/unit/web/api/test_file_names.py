"""Names of downloads."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from web.downloads import disposition, file_name


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("a corpus · seed", "a-corpus-·-seed-output.txt"),
        ("../../etc/passwd", "etc-passwd-output.txt"),
        ("道德經", "道德經-output.txt"),
        ("\u202eexe", "exe-output.txt"),
        ("...", "output.txt"),
    ],
)
def test_a_name_becomes_a_file_name(name: str, expected: str) -> None:
    """What people see stays; what file systems or readers trip over goes."""
    assert file_name(name, "output.txt") == expected


@given(st.text(max_size=200))
def test_every_file_name_is_safe(name: str) -> None:
    """No separator, no control character, no hidden file, and no more than 255 bytes."""
    made = file_name(name, "epoch-10000-model.keras")
    assert made.isprintable()
    assert not re.search(r'[/\\:*?"<>|\s]', made)
    assert not made.startswith(".")
    assert len(made.encode()) <= 255


@given(st.text(max_size=200))
def test_every_header_is_ascii(name: str) -> None:
    """A header carries any name in RFC 8187's form, with a plain one beside it."""
    header = disposition(file_name(name, "output.txt"))
    assert header.isascii()
    assert re.fullmatch(r"attachment; filename=\"[^\"\\]*\"; filename\*=UTF-8''[\w.~%-]+", header)
