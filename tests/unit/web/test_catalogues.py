"""The Chinese catalogue has every message of the sources, and is compiled."""

import io

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

from tests.support.pseudo import ROOT, found_messages

CATALOGUE = ROOT / "web/translations/zh/LC_MESSAGES/messages.po"


def test_the_catalogue_has_every_message() -> None:
    """What the sources say is in the Chinese catalogue, translated, and nothing else is."""
    with CATALOGUE.open("rb") as file:
        catalogue = read_po(file, locale="zh")
    assert {m.id for m in found_messages()} == {m.id for m in catalogue}
    missing = [m.id for m in catalogue if m.id and (not m.string or m.fuzzy)]
    assert missing == []
    broken = [m.id for m in catalogue if m.id and any(True for _ in m.check())]
    assert broken == []


def test_the_compiled_catalogue_is_that_of_the_text() -> None:
    """``make texts`` was run after the last change."""
    with CATALOGUE.open("rb") as file:
        catalogue = read_po(file, locale="zh")
    compiled = io.BytesIO()
    write_mo(compiled, catalogue)
    assert CATALOGUE.with_suffix(".mo").read_bytes() == compiled.getvalue()
