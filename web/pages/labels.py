"""What the fields of specs and requests are called on the pages, and what their help says."""

from collections.abc import Callable
from typing import Any

from flask_babel import force_locale

from shared.schedules.models import Schedule
from web.messages import _, _l
from web.pages.words import Words

LABELS: Words = {
    "accuracy": _l("Accuracy"),
    "adam_beta_2": _l("Adam's second beta"),
    "batch_size": _l("Batch size"),
    "builtin": _l("Built-in text"),
    "bytes": _l("Bytes"),
    "calibration": _l("Logits divided by"),
    "cell": _l("Cell"),
    "characters": _l("Characters"),
    "checkpoint_id": _l("Checkpoint"),
    "clip_norm": _l("Gradient clipping"),
    "context": _l("Context"),
    "corpus_id": _l("Corpus"),
    "corpus_version_id": _l("Version of the corpus"),
    "count": _l("Number of texts"),
    "cron": _l("When"),
    "devices": _l("Devices"),
    "dropout": _l("Dropout"),
    "email": _l("E-mail"),
    "ema_momentum": _l("Averaging of the weights"),
    "epochs": _l("Epochs"),
    "file": _l("File"),
    "from_checkpoint_id": _l("Continue from a checkpoint"),
    "generation": _l("Generation"),
    "gpu": _l("A GPU"),
    "input_dropout": _l("Input dropout"),
    "keep_checkpoints": _l("Checkpoints kept"),
    "keep_every": _l("Also kept: every k-th"),
    "label": _l("Label of the node"),
    "layers": _l("Layers"),
    "learning_rate": _l("Learning rate"),
    "length": _l("Length"),
    "loss_at": _l("Learns from"),
    "margin": _l("Better by more than"),
    "max_windows": _l("Windows an epoch"),
    "memory_bytes": _l("Memory, in bytes"),
    "missed": _l("Missed times"),
    "model": _l("Model"),
    "most_copied": _l("Copied at most"),
    "name": _l("Name"),
    "needs": _l("Node"),
    "notify": _l("Who is told"),
    "number": _l("Text"),
    "optimizer": _l("Optimizer"),
    "output_job_id": _l("Written by job"),
    "overlap": _l("While a run goes on"),
    "patience": _l("Stop early after"),
    "precision": _l("Precision"),
    "preset": _l("Preset"),
    "priority": _l("Priority"),
    "prompt": _l("Prompt"),
    "rate_floor": _l("Schedule's floor"),
    "rng_seed": _l("Seed"),
    "sample_length": _l("Sample length"),
    "sample_context": _l("Samples' context"),
    "sample_prompt": _l("Samples' prompt"),
    "sample_start": _l("Samples' beginning"),
    "sample_temperature": _l("Sample temperature"),
    "schedule": _l("Learning rate schedule"),
    "sha256": _l("SHA-256"),
    "start_from": _l("Starts from"),
    "step": _l("Window step"),
    "stop": _l("Stop at"),
    "temperature": _l("Temperature"),
    "text": _l("Text"),
    "time_zone": _l("Time zone"),
    "top_k": _l("Top k"),
    "top_p": _l("Top p"),
    "training": _l("Training"),
    "units": _l("Units"),
    "url": _l("Address"),
    "validation_fraction": _l("Share held out"),
    "vocabulary": _l("Characters"),
    "warmup_steps": _l("Warm-up steps"),
    "weight_decay": _l("Weight decay"),
    "window": _l("Window"),
}
# The words for fields that are null, as they are shown, and typed into forms.
UNSET: Words = {
    "max_windows": _l("all"),
    "keep_every": _l("none"),
    "patience": _l("never"),
    "sample_prompt": _l("an excerpt"),
}
OFF = _l("off")

PLAIN: Words = {
    "0 * * * *": _l("every hour"),
    "0 3 * * *": _l("every night at 3:00"),
    "0 3 * * 1": _l("every Monday at 3:00"),
}
RUN_WORDS: Words = {
    "waiting": _l("waiting"),
    "due": _l("due"),
    "running": _l("running"),
    "succeeded": _l("succeeded"),
    "failed": _l("failed"),
    "cancelled": _l("cancelled"),
    "skipped": _l("skipped"),
}
NOTICE_WORDS: Words = {
    "pending": _l("pending"),
    "delivered": _l("delivered"),
    "failed": _l("failed"),
}
NOTICE_BADGES = {"pending": "queued", "delivered": "succeeded"}
RUN_BADGES = {"waiting": "queued", "due": "queued", "skipped": "", "cancelled": ""}


def label(field: str) -> str:
    """Return a spec field's name as it is read on the pages; of an unknown one its own."""
    return str(LABELS.get(field) or field.replace("_", " ").capitalize())


def unset(field: str) -> str:
    """Return the word for a spec field that is null, on the pages and typed into forms."""
    return str(UNSET.get(field, OFF))


def unset_words(field: str) -> set[str]:
    """Return the words that are taken for null: in the page's language, and in English."""
    with force_locale("en"):
        english = unset(field)
    return {unset(field), english}


def description(text: str | None) -> str:
    """Return a field's description, found in the catalogues as it stands in its model."""
    return _(text) if text else ""


def when_due(schedule: Schedule) -> str:
    """Return when a schedule is due: in words, or as its line."""
    line = str(PLAIN.get(schedule.cron, schedule.cron))
    return _("%(when)s, %(zone)s", when=line, zone=schedule.time_zone)


def run_word(status: str) -> str:
    """Return where a run of a schedule stands, in words."""
    return str(RUN_WORDS.get(status, status))


def notice_word(status: str) -> str:
    """Return where a notice stands, in words."""
    return str(NOTICE_WORDS.get(status, status))


def notice_badge(status: str) -> str:
    """Return the badge of a notice's status."""
    return NOTICE_BADGES.get(status, status)


def run_badge(status: str) -> str:
    """Return the badge of a run's status."""
    return RUN_BADGES.get(status, status)


FILTERS: dict[str, Callable[..., Any]] = {
    "label": label,
    "unset": unset,
    "when_due": when_due,
    "run_badge": run_badge,
    "run_word": run_word,
    "notice_badge": notice_badge,
    "notice_word": notice_word,
}
