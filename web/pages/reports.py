"""What cleaning found, in plain words."""

from typing import Any

from web.pages.words import counted, sentence

STEPS = {
    "lowercase": "All letters were made lower case",
    "nfc": "Characters were composed (Unicode NFC)",
    "squeeze": "Rows of blanks were squeezed",
}


def report_words(report: dict[str, Any]) -> list[str]:
    """Return a sentence for each thing that cleaning found or changed."""
    lines = [_encoding(str(report.get("encoding", "utf-8")))]
    for key, one, many in REPAIRS:
        if count := report.get(key):
            lines.append((one if count == 1 else many).format(f"{count:,}"))
    for name, fewer in (report.get("characters_changed") or {}).items():
        lines.append(STEPS.get(name, name) + _length(int(fewer)))
    lines += [sentence(str(note)) for note in report.get("notes") or []]
    return lines if len(lines) > 1 else [*lines, "Nothing had to be repaired."]


REPAIRS = (
    (
        "newlines_changed",
        "One line end of another system was made a plain one.",
        "{} line ends of other systems were made plain ones.",
    ),
    ("nul_removed", "One NUL character was removed.", "{} NUL characters were removed."),
    ("marks_removed", "One byte order mark was removed.", "{} byte order marks were removed."),
)


def _encoding(name: str) -> str:
    plain = name.removesuffix("-sig")
    if plain == "utf-8":
        return "The text is UTF-8."
    return f"The text was not UTF-8; it was read as {name.upper().replace('_', '-')}."


def _length(fewer: int) -> str:
    if fewer == 0:
        return "; its length stayed the same."
    word = "shorter" if fewer > 0 else "longer"
    return f"; the text is {counted(abs(fewer), 'character')} {word}."
