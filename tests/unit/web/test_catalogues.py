"""The Chinese catalogue has every message of the sources, and is compiled."""

import ast
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


def errors_of_pieces(source: str) -> list[int]:
    """Return the lines in which an error is raised with a text that no catalogue can have."""
    raised = (n.exc for n in ast.walk(ast.parse(source)) if isinstance(n, ast.Raise))
    calls = (call for call in raised if isinstance(call, ast.Call))
    return [c.lineno for c in calls if any(isinstance(arg, ast.JoinedStr) for arg in c.args)]


def test_no_page_raises_a_text_made_of_pieces() -> None:
    """What a page refuses is said by a template, which can be translated."""
    found = {f.name: errors_of_pieces(f.read_text()) for f in (ROOT / "web/pages").glob("*.py")}
    # It is told to whoever installs the service.
    found.pop("api_docs.py")
    assert {name: lines for name, lines in found.items() if lines} == {}
    assert errors_of_pieces('raise NotFound(f"no {x}")') == [1]
