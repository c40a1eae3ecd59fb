"""Rows of a job's page as text, alike for the templates and for ``live.json``.

Every value is a string to show, but for ``data`` (numbers for the chart), ``best`` and the like
(whether a part is shown) and ``..._url``.
"""

from collections.abc import Iterator
from typing import Any

from flask import url_for

from shared.checkpoints.models import Checkpoint
from shared.db import Database
from shared.jobs.models import Epoch, Event, Output, Sample
from shared.jobs.queries import output_text
from web.messages import _, _l
from web.pages import words
from web.pages.words import Words

Card = dict[str, Any]

MOST_SHOWN = 10_000
FINISHES: Words = {
    "length": _l("as long as was asked for"),
    "stop": _l("ended at a stop text"),
    "cancelled": _l("cut short"),
}
EVENTS: Words = {
    "queued": _l("Queued"),
    "running": _l("A worker took it"),
    "epoch": _l("Epoch finished"),
    "sample": _l("Sample written"),
    "checkpoint": _l("Checkpoint stored"),
    "state_saved": _l("State saved"),
    "judged": _l("Judged for its model"),
    "stopped_early": _l("Stopped early: the validation loss no longer fell"),
    "output": _l("Text written"),
    "outputs_discarded": _l("Texts of an earlier attempt discarded"),
    "requested": _l("Asked to stop"),
    "succeeded": _l("Succeeded"),
    "failed": _l("Failed"),
    "cancelled": _l("Cancelled"),
    "paused": _l("Paused"),
}
# What an event carries for machines alone, or what stands elsewhere on the page.
SILENT = {"id", "worker", "accuracy", "val_accuracy", "seconds", "characters_per_second"}


def epoch_card(row: Epoch) -> Card:
    """Return an epoch record."""
    return {
        "key": str(row.epoch),
        "epoch": str(row.epoch),
        "loss": words.loss(row.loss),
        "val_loss": words.loss(row.val_loss),
        "accuracy": words.share(row.accuracy),
        "val_accuracy": words.share(row.val_accuracy),
        "seconds": words.duration(row.seconds),
        "speed": words.number(round(row.characters_per_second)),
        "data": {"loss": row.loss, "valLoss": row.val_loss},
    }


def sample_card(row: Sample) -> Card:
    """Return a sample."""
    return {
        "key": row.id,
        "epoch": str(row.epoch),
        "temperature": f"{row.temperature:g}",
        "prompt": row.prompt,
        "text": row.text,
        **copying_card(row.text, row.copying),
    }


def checkpoint_card(row: Checkpoint) -> Card:
    """Return a checkpoint."""
    return {
        "key": row.id,
        "epoch": str(row.epoch),
        "loss": words.loss(row.loss),
        "val_loss": words.loss(row.val_loss),
        "bytes": words.size(row.bytes),
        "best": row.best,
        "generate_url": url_for("pages.generation.new", checkpoint=row.id),
        "train_url": url_for("pages.training.new", checkpoint=row.id),
        "model_url": url_for("pages.checkpoints.model", checkpoint_id=row.id),
    }


def output_card(db: Database, row: Output) -> Card:
    """Return a generated text; of a long one the beginning."""
    text = _beginning(db, row)
    return {
        "key": row.id,
        "number": str(row.number),
        "temperature": f"{row.temperature:g}",
        "prompt": row.prompt,
        "text": text,
        "more": row.characters > len(text),
        "shown": _(
            "The first %(shown)s of %(all)s characters.",
            shown=f"{len(text):,}",
            all=f"{row.characters:,}",
        ),
        "characters": words.counted(row.characters, "character"),
        "finish": str(FINISHES.get(row.finish_reason, row.finish_reason)),
        "report": _report(row.prompt_report),
        "reported": bool(_report(row.prompt_report)),
        "seed": str(row.rng_seed),
        **copying_card(text, row.copying),
        "text_url": url_for("pages.jobs.output_txt", job_id=row.job_id, number=row.number),
    }


def copying_card(text: str, copying: dict[str, Any] | None) -> Card:
    """Return what of a text is copied, in words, and the text in parts that are copied or not."""
    stretches = copying["stretches"] if copying else []
    return {
        "looked": copying is not None,
        "copying": words.copying(copying) if copying else "",
        "parts": [part for part in _parts(text, stretches) if part["text"]],
    }


def _parts(text: str, stretches: list[dict[str, int]]) -> Iterator[dict[str, Any]]:
    """Yield a text's parts; stretches, which stand in order, may overlap."""
    at = 0
    for stretch in stretches:
        start = max(stretch["start"], at)
        end = max(stretch["start"] + stretch["length"], at)
        yield {"text": text[at:start], "copied": False}
        yield {"text": text[start:end], "copied": True}
        at = end
    yield {"text": text[at:], "copied": False}


def event_card(row: Event) -> Card:
    """Return something that happened."""
    told = {k: v for k, v in row.data.items() if k not in SILENT and v is not None}
    return {
        "key": str(row.seq),
        "seq": str(row.seq),
        "what": str(EVENTS.get(row.type, row.type)),
        "details": ", ".join(f"{k.replace('_', ' ')} {_short(v)}" for k, v in told.items()),
        "when": words.when(row.created_at),
        "when_iso": words.iso(row.created_at),
    }


def _beginning(db: Database, row: Output) -> str:
    first = next(output_text(db, row), b"")
    # The piece may end inside a character.
    return first.decode("utf-8", errors="ignore")[:MOST_SHOWN]


def _report(report: dict[str, Any]) -> str:
    replaced, left_out = report.get("replaced") or {}, report.get("left_out") or []
    parts = []
    if replaced:
        pairs = ", ".join(f"{words.visible(a)} → {words.visible(b)}" for a, b in replaced.items())
        parts.append(
            _("The model does not know some characters of the prompt; it read %(pairs)s.",
              pairs=pairs)
        )  # fmt: skip
    if left_out:
        characters = words.visible("".join(left_out))
        parts.append(
            _("Left out, as the model never saw them: %(characters)s", characters=characters)
        )
    return " ".join(parts)


def _short(value: object) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)
