"""Numbers, times and sizes as people read them."""

from collections.abc import Callable
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from shared.schedules.models import Schedule

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
        return f"{seconds:.1f} s"
    whole = round(seconds)
    for unit, small, length, part in (("d", "h", 86400, 3600), ("h", "min", 3600, 60)):
        if whole >= length:
            return _two(whole // length, unit, whole % length // part, small)
    return _two(whole // 60, "min", whole % 60, "s") if whole >= 60 else f"{whole} s"


def when(time: datetime | None) -> str:
    """Return a time to the second, in UTC; a script shows it in the reader's own zone."""
    return NONE if time is None else time.strftime("%Y-%m-%d %H:%M:%S UTC")


def iso(time: datetime | None) -> str:
    """Return a time as machines read it (RFC 3339)."""
    return "" if time is None else time.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def copying(found: dict[str, Any]) -> str:
    """Return what of a text is copied from the corpus that its model was trained on."""
    longest = counted(found["longest"], "character")
    if not found["copied"]:
        return f"Nothing copied: at most {longest} in a row stand word for word in the corpus."
    copied = share(found["share"])
    return f"{copied} copied word for word from the corpus, at most {longest} in a row."


def counted(count: int, noun: str, many: str | None = None) -> str:
    """Return '1 text', '2 texts'."""
    return f"{count:,} {noun if count == 1 else many or noun + 's'}"


def sentence(text: str) -> str:
    """Return an error's message as a sentence: a capital letter first, a full stop last."""
    end = "" if text.endswith((".", "!", "?", ")")) else "."
    return text[:1].upper() + text[1:] + end


def about(seconds: float) -> str:
    """Return a time span as one guesses it: seconds only below a minute."""
    whole = max(1, round(seconds))
    return f"{whole} s" if whole < 60 else duration(whole + 30 - (whole + 30) % 60)


def visible(characters: str) -> str:
    """Return characters so that blanks can be seen and what cannot be printed is named."""
    return " ".join(_visible(c) for c in characters)


def label(field: str) -> str:
    """Return a spec field's name as it is read on the pages."""
    return LABELS.get(field, field.replace("_", " ").capitalize())


KINDS = {"train": "training", "generate": "writing", "score": "scoring", "verify": "verifying"}


def kind_word(kind: str) -> str:
    """Return what a job of a kind does."""
    return KINDS[kind]


def unset(field: str) -> str:
    """Return the word for a spec field that is null, on the pages and typed into forms."""
    return UNSET.get(field, "off")


UNSET = {
    "max_windows": "all",
    "keep_every": "none",
    "patience": "never",
    "sample_prompt": "an excerpt",
}

LABELS = {
    "rng_seed": "Seed",
    "top_k": "Top k",
    "top_p": "Top p",
    "step": "Window step",
    "loss_at": "Learns from",
    "adam_beta_2": "Adam's second beta",
    "ema_momentum": "Averaging of the weights",
    "calibration": "Logits divided by",
    "clip_norm": "Gradient clipping",
    "warmup_steps": "Warm-up steps",
    "schedule": "Learning rate schedule",
    "rate_floor": "Schedule's floor",
    "patience": "Stop early after",
    "max_windows": "Windows an epoch",
    "keep_checkpoints": "Checkpoints kept",
    "keep_every": "Also kept: every k-th",
    "validation_fraction": "Share held out",
    "corpus_id": "Text",
    "corpus_version_id": "Version of the text",
    "checkpoint_id": "Checkpoint",
    "from_checkpoint_id": "Continue from a checkpoint",
    "count": "Number of texts",
    "output_job_id": "Written by job",
    "number": "Text",
    "stop": "Stop at",
}

PLAIN = {"0 * * * *": "every hour", "0 3 * * *": "every night at 3:00",
         "0 3 * * 1": "every Monday at 3:00"}  # fmt: skip
RUN_BADGES = {"waiting": "queued", "due": "queued", "skipped": "", "cancelled": ""}


def when_due(schedule: Schedule) -> str:
    """Return when a schedule is due: in words, or as its line."""
    line = PLAIN.get(schedule.cron, schedule.cron)
    return f"{line}, {schedule.time_zone}"


def in_zone(time: datetime, zone: str) -> str:
    """Return a time as clocks in a zone show it."""
    return f"{time.astimezone(ZoneInfo(zone)):%a %Y-%m-%d %H:%M %Z}"


def run_badge(status: str) -> str:
    """Return the badge of a run's status."""
    return RUN_BADGES.get(status, status)


FILTERS: dict[str, Callable[..., Any]] = {
    "when_due": when_due,
    "in_zone": in_zone,
    "run_badge": run_badge,
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
    "label": label,
    "kind_word": kind_word,
    "unset": unset,
}


def _two(large: int, unit: str, small: int, part: str) -> str:
    return f"{large} {unit} {small} {part}" if small else f"{large} {unit}"


def _visible(character: str) -> str:
    if character in SHOWN:
        return SHOWN[character]
    return character if character.isprintable() else f"U+{ord(character):04X}"
