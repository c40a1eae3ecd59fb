"""Rows of a job's page as text, alike for the templates and for ``live.json``.

Every value is a string to show, but for ``data`` (numbers for the chart), ``best`` and the like
(whether a part is shown) and ``..._url``.
"""

from typing import Any

from flask import url_for

from shared.checkpoints.models import Checkpoint
from shared.corpora.models import CorpusVersion
from shared.jobs.models import Epoch, Event, Sample
from web.messages import _l
from web.pages import words
from web.pages.copied import copied_card
from web.pages.words import Words

Card = dict[str, Any]

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


def sample_card(row: Sample, version: CorpusVersion | None = None) -> Card:
    """Return a sample; what is copied leads to its place in a version."""
    return {
        "key": row.id,
        "epoch": str(row.epoch),
        "temperature": f"{row.temperature:g}",
        "prompt": row.prompt,
        "text": row.text,
        **copied_card(row.text, row.copying, version),
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


def _short(value: object) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)
