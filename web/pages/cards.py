"""Rows of a job's page as text, alike for the templates and for ``live.json``.

Every value is a string to show, but for ``data`` (numbers for the chart), ``best`` and the like
(whether a part is shown) and ``..._url``.
"""

import json
from collections.abc import Sequence
from itertools import groupby
from typing import Any

from flask import url_for

from shared.checkpoints.models import Checkpoint
from shared.corpora.models import CorpusVersion
from shared.jobs.models import Epoch, Event, Sample
from web.pages import words
from web.pages.copied import copied_card
from web.pages.happened import EVENTS, details_of

Card = dict[str, Any]

# A cell of the grid of samples holds the end of its prompt, and the beginning of its text.
MOST_PROMPT, MOST_CELL = 40, 1000


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
        "rate": words.rate(row.learning_rate),
        "data": {"loss": row.loss, "valLoss": row.val_loss, "rate": row.learning_rate},
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


def sample_cell(row: Sample, version: CorpusVersion | None = None) -> Card:
    """Return a sample as the grid shows it: a long one by its beginning."""
    short, prompt = row.text[:MOST_CELL], row.prompt[-MOST_PROMPT:]
    return {
        "key": row.id,
        "anchor": f"sample-{row.id}",
        "temperature": f"{row.temperature:g}",
        "prompt": prompt if len(prompt) == len(row.prompt) else f"…{prompt}",
        "more": len(short) < len(row.text),
        "starred": row.starred,
        "pressed": json.dumps(row.starred),
        "star": "" if row.starred else "yes",
        "star_url": url_for("pages.runs.star", job_id=row.job_id, sample_id=row.id),
        "sample_url": url_for("pages.runs.sample", job_id=row.job_id, sample_id=row.id),
        **copied_card(short, row.copying, version),
    }


def grid_rows(rows: Sequence[Sample], version: CorpusVersion | None = None) -> list[Card]:
    """Return samples by epoch, in the order that they come in."""
    return [
        {
            "key": str(epoch),
            "epoch": str(epoch),
            "cells": [sample_cell(row, version) for row in sorted(cells, key=lambda one: one.id)],
        }
        for epoch, cells in groupby(rows, lambda row: row.epoch)
    ]


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
        "bundle_url": url_for("pages.checkpoints.bundle", checkpoint_id=row.id),
    }


def event_card(row: Event) -> Card:
    """Return something that happened."""
    return {
        "key": str(row.seq),
        "seq": str(row.seq),
        "what": str(EVENTS.get(row.type, row.type)),
        "details": details_of(row.data),
        "when": words.when(row.created_at),
        "when_iso": words.iso(row.created_at),
    }
