"""A language in which every message of the catalogues stands between ⟦ and ⟧, and what does not."""

import re
from html.parser import HTMLParser
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.frontend import parse_mapping_cfg
from babel.messages.mofile import write_mo

ROOT = Path(__file__).resolve().parents[2]
MARKS = {"_": None, "gettext": None, "ngettext": (1, 2), "_l": None, "said": None}
# Attributes that people read or hear.
TOLD = ("title", "alt", "placeholder", "aria-label", "aria-description", "data-busy", "content")
UNSPOKEN = {"script", "style", "svg", "code", "template"}
VOID = {"area", "base", "br", "col", "hr", "img", "input", "link", "meta", "source", "wbr"}
LETTERS = re.compile(r"[^\W\d_]{2,}")


def found_messages(locale: str = "zh") -> Catalog:
    """Return all messages of the sources, as ``make texts`` finds them."""
    with (ROOT / "babel.cfg").open() as file:
        methods, options = parse_mapping_cfg(file)  # type: ignore[no-untyped-call]
    catalog = Catalog(locale=locale)
    for _, _, message, _, context in extract_from_dir(
        str(ROOT),
        methods,
        options,
        keywords=MARKS,
    ):
        catalog.add(message, context=context)
    return catalog


def write_pseudo_language(folder: Path) -> None:
    """Write the catalogue of a Chinese in which English stands between brackets."""
    catalog = found_messages()
    for message in catalog:
        if message.id:
            plural = message.id if isinstance(message.id, tuple) else (message.id,)
            message.string = tuple(f"⟦{text}⟧" for text in plural[-1:])
            if not isinstance(message.id, tuple):
                message.string = message.string[0]
    target = folder / "zh" / "LC_MESSAGES" / "messages.mo"
    target.parent.mkdir(parents=True)
    with target.open("wb") as file:
        write_mo(file, catalog)


class _Reader(HTMLParser):
    """Collects what a page says outside the brackets, and outside ``translate="no"``."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[tuple[str, bool]] = []
        self.depth = 0
        self.untold: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        silent = self._silent() or tag in UNSPOKEN or given.get("translate") == "no"
        if not silent and tag != "meta":
            for name in TOLD:
                self._check(given.get(name) or "")
        if tag not in VOID:
            self.open.append((tag, silent))

    def handle_endtag(self, tag: str) -> None:
        while self.open and self.open.pop()[0] != tag:
            pass

    def handle_data(self, data: str) -> None:
        if not self._silent():
            self.depth += data.count("⟦") - data.count("⟧")
            self._check(data)

    def _silent(self) -> bool:
        return bool(self.open) and self.open[-1][1]

    def _check(self, text: str) -> None:
        bare = text
        while (inner := re.sub(r"⟦[^⟦⟧]*⟧", "", bare)) != bare:
            bare = inner
        # A message with markup in it is told in several pieces.
        if self.depth or "⟦" in bare or "⟧" in bare:
            return
        if LETTERS.search(bare):
            self.untold.append(" ".join(bare.split()))


def untranslated(html: str) -> list[str]:
    """Return what a page in the pseudo-language says that is in no catalogue."""
    reader = _Reader()
    reader.feed(html)
    return reader.untold
