"""What cleaning found, in plain words."""

from collections.abc import Callable
from typing import Any

from web.messages import _, _l, ngettext
from web.pages.words import Words, counted, sentence

STEPS: Words = {
    "lowercase": _l("All letters were made lower case"),
    "nfc": _l("Characters were composed (Unicode NFC)"),
    "squeeze": _l("Rows of blanks were squeezed"),
}


def report_words(report: dict[str, Any]) -> list[str]:
    """Return a sentence for each thing that cleaning found or changed."""
    lines = [_encoding(str(report.get("encoding", "utf-8")))]
    lines += [told(count) for key, told in REPAIRS.items() if (count := report.get(key))]
    for name, fewer in (report.get("characters_changed") or {}).items():
        lines.append(_changed(str(STEPS.get(name, name)), int(fewer)))
    lines += [sentence(note) for note in report.get("notes") or []]
    return lines if len(lines) > 1 else [*lines, _("Nothing had to be repaired.")]


REPAIRS: dict[str, Callable[[int], str]] = {
    "newlines_changed": lambda n: ngettext(
        "One line end of another system was made a plain one.",
        "%(count)s line ends of other systems were made plain ones.",
        n, count=f"{n:,}",
    ),
    "nul_removed": lambda n: ngettext(
        "One NUL character was removed.", "%(count)s NUL characters were removed.",
        n, count=f"{n:,}",
    ),
    "marks_removed": lambda n: ngettext(
        "One byte order mark was removed.", "%(count)s byte order marks were removed.",
        n, count=f"{n:,}",
    ),
}  # fmt: skip


def _encoding(name: str) -> str:
    plain = name.removesuffix("-sig")
    if plain == "utf-8":
        return _("The text is UTF-8.")
    shown = name.upper().replace("_", "-")
    return _("The text was not UTF-8; it was read as %(encoding)s.", encoding=shown)


def _changed(step: str, fewer: int) -> str:
    if fewer == 0:
        return _("%(step)s; its length stayed the same.", step=step)
    count = counted(abs(fewer), "character")
    if fewer > 0:
        return _("%(step)s; the text is %(count)s shorter.", step=step, count=count)
    return _("%(step)s; the text is %(count)s longer.", step=step, count=count)
