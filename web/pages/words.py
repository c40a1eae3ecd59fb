"""Numbers, times and sizes as people read them, in the language of the page."""

from collections.abc import Callable
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from flask_babel import format_datetime

from web.messages import LazyString, _, _l, ngettext
from web.recalled import translated

Words = dict[str, LazyString]

UNITS = ("KB", "MB", "GB", "TB")
NONE = "–"
SHOWN = {"\n": "↵", " ": "␣", "\t": "⇥"}


def number(value: float | None) -> str:
    """Return 1234567 as '1,234,567', and a fraction as short as it is."""
    if value is None:
        return NONE
    return f"{value:,}" if isinstance(value, int) else f"{value:,.12g}"


def loss(value: float | None) -> str:
    """Return a loss with three decimals."""
    return NONE if value is None else f"{value:.3f}"


def rate(value: float | None) -> str:
    """Return a learning rate with three digits that count."""
    return NONE if value is None else f"{value:.3g}"


def share(value: float | None) -> str:
    """Return 0.4231 as '42.3%'."""
    return NONE if value is None else f"{value:.1%}"


def size(count: int) -> str:
    """Return bytes in the largest unit that keeps a digit before the point."""
    if count < 1000:
        return counted(count, "byte")
    power = min(len(UNITS), (len(str(count)) - 1) // 3)
    value = count / 1000**power
    digits = 0 if value >= 99.5 else 1
    return f"{value:.{digits}f} {UNITS[power - 1]}"


def duration(seconds: float | None) -> str:
    """Return a time span in its two largest units: '42 s', '3 min 5 s', '2 h 10 min'."""
    if seconds is None:
        return NONE
    if 0 < seconds < 9.95:
        return _("%(count)s s", count=f"{seconds:.1f}")
    whole = round(seconds)
    for large, small, length, part in ((_days, _hours, 86400, 3600), (_hours, _minutes, 3600, 60)):
        if whole >= length:
            return _two(large(whole // length), small, whole % length // part)
    return _two(_minutes(whole // 60), _seconds, whole % 60) if whole >= 60 else _seconds(whole)


def about(seconds: float) -> str:
    """Return a time span as one guesses it: seconds only below a minute."""
    whole = max(1, round(seconds))
    return _seconds(whole) if whole < 60 else duration(whole + 30 - (whole + 30) % 60)


def when(time: datetime | None) -> str:
    """Return a time to the second, in UTC; a script shows it in the reader's own zone."""
    return NONE if time is None else time.strftime("%Y-%m-%d %H:%M:%S UTC")


def iso(time: datetime | None) -> str:
    """Return a time as machines read it (RFC 3339)."""
    return "" if time is None else time.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def in_zone(time: datetime, zone: str) -> str:
    """Return a time as clocks in a zone show it."""
    local = time.astimezone(ZoneInfo(zone))
    return f"{format_datetime(local, 'EEE yyyy-MM-dd HH:mm', rebase=False)} {local:%Z}"


def counted(count: int, noun: str) -> str:
    """Return '1 text', '2 texts': how many there are of what ``noun`` names."""
    return COUNTED[noun](count)


# Written out, for here they are found for the catalogues.
COUNTED: dict[str, Callable[[int], str]] = {
    "byte": lambda n: ngettext("%(count)s byte", "%(count)s bytes", n, count=f"{n:,}"),
    "character": lambda n: ngettext(
        "%(count)s character", "%(count)s characters", n, count=f"{n:,}"
    ),
    "epoch": lambda n: ngettext("%(count)s epoch", "%(count)s epochs", n, count=f"{n:,}"),
    "sample": lambda n: ngettext("%(count)s sample", "%(count)s samples", n, count=f"{n:,}"),
    "checkpoint": lambda n: ngettext(
        "%(count)s checkpoint", "%(count)s checkpoints", n, count=f"{n:,}"
    ),
    "text": lambda n: ngettext("%(count)s text", "%(count)s texts", n, count=f"{n:,}"),
    "member": lambda n: ngettext("%(count)s member", "%(count)s members", n, count=f"{n:,}"),
    "version": lambda n: ngettext("%(count)s version", "%(count)s versions", n, count=f"{n:,}"),
}


def sentence(text: str) -> str:
    """Return a message as a sentence: translated, a capital letter first, a full stop last."""
    text = translated(text)
    end = "" if text.endswith((".", "!", "?", ")", "。", "！", "？", "）")) else _(".")
    return text[:1].upper() + text[1:] + end


def copying(found: dict[str, Any]) -> str:
    """Return what of a text is copied from the corpus that its model was trained on."""
    longest = counted(found["longest"], "character")
    if not found["copied"]:
        return _(
            "Nothing copied: at most %(longest)s in a row stand word for word in the corpus.",
            longest=longest,
        )
    return _(
        "%(share)s copied word for word from the corpus, at most %(longest)s in a row.",
        share=share(found["share"]),
        longest=longest,
    )


def visible(characters: str) -> str:
    """Return characters so that blanks can be seen and what cannot be printed is named."""
    return " ".join(_visible(c) for c in characters)


SOURCES: Words = {
    "upload": _l("uploaded: %s"),
    "url": _l("from an address: %s"),
    "builtin": _l("built in: %s"),
}


def source_words(source: str) -> str:
    """Return where a version's text came from: 'upload:a.txt' as 'uploaded: a.txt'."""
    kind, _colon, name = source.partition(":")
    if kind in SOURCES and name:
        return str(SOURCES[kind]) % name
    return _("pasted") if kind == "paste" else _("uploaded") if kind == "upload" else source


KINDS: Words = {
    "train": _l("training"),
    "generate": _l("writing"),
    "score": _l("scoring"),
    "verify": _l("verifying"),
    "import": _l("importing"),
}


def kind_word(kind: str) -> str:
    """Return what a job of a kind does."""
    return str(KINDS[kind])


FILTERS: dict[str, Callable[..., Any]] = {
    "in_zone": in_zone,
    "number": number,
    "loss": loss,
    "share": share,
    "size": size,
    "duration": duration,
    "when": when,
    "iso": iso,
    "counted": counted,
    "visible": visible,
    "sentence": sentence,
    "translated": translated,
    "kind_word": kind_word,
    "source_words": source_words,
}


def _two(large: str, small: Callable[[int], str], rest: int) -> str:
    return f"{large} {small(rest)}" if rest else large


def _days(count: int) -> str:
    return _("%(count)s d", count=count)


def _hours(count: int) -> str:
    return _("%(count)s h", count=count)


def _minutes(count: int) -> str:
    return _("%(count)s min", count=count)


def _seconds(count: int) -> str:
    return _("%(count)s s", count=count)


def _visible(character: str) -> str:
    if character in SHOWN:
        return SHOWN[character]
    return character if character.isprintable() else f"U+{ord(character):04X}"
