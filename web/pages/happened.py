"""What happened to a job, in words: its events, and what they tell."""

from typing import Any

from web.messages import _, _l
from web.pages.words import Words
from web.recalled import translated

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
SILENT = {
    "id", "worker", "accuracy", "val_accuracy", "seconds", "characters_per_second",
    "learning_rate", "message",
}  # fmt: skip
DETAILS: Words = {
    "action": _l("decision"),
    "attempt": _l("attempt"),
    "best_epoch": _l("best epoch"),
    "bytes": _l("bytes"),
    "characters": _l("characters"),
    "code": _l("error"),
    "epoch": _l("epoch"),
    "finish_reason": _l("end"),
    "loss": _l("loss"),
    "losses": _l("times lost"),
    "move": _l("move"),
    "number": _l("text"),
    "patience": _l("patience"),
    "reason": _l("reason"),
    "requested": _l("move"),
    "step": _l("step"),
    "texts": _l("texts"),
    "val_loss": _l("validation loss"),
}
REASONS: Words = {
    "handed back": _l("handed back"),
    "lease ran out": _l("its lease ran out"),
    "cancel": _l("cancel"),
    "pause": _l("pause"),
    "resume": _l("resume"),
    "retry": _l("retry"),
}


def details_of(data: dict[str, Any]) -> str:
    """Return what an event tells, in one line."""
    told = {name: value for name, value in data.items() if name not in SILENT and value is not None}
    return _(", ").join(
        _("%(what)s %(value)s", what=DETAILS.get(name, name), value=_short(value))
        for name, value in told.items()
    )


def _short(value: object) -> str:
    if isinstance(value, float):
        return f"{value:.4g}"
    return str(REASONS.get(str(value)) or translated(value))
