"""What a training run would take, in words: beside its form, and for the script that keeps it."""

from typing import Any

from sqlalchemy.orm import Session

from shared.errors import UserError
from shared.estimates.requests import EstimateRequest
from shared.estimates.services import Estimate, Time, estimate
from shared.jobs.requests import TrainingRequest
from shared.jobs.submissions import check_start
from web.context import services, team_id
from web.messages import _, ngettext
from web.pages import words
from web.pages.filling import start_of
from web.pages.forms import Form, fail, validated

SLOTS = (
    *("time", "epoch", "memory", "device", "checkpoint", "kept", "steps", "windows"),
    *("parameters", "training", "validation"),
)


def estimated(session: Session, form: Form) -> Estimate | None:
    """Return what the form's run would take, or None where it would be refused.

    What is wrong is then put into the form, as its submission would.
    """
    try:
        body = validated(TrainingRequest, form.typed)
        known = body.model_fields_set & EstimateRequest.model_fields.keys()
        asked = EstimateRequest.model_validate(body.model_dump(include=known))
        if start := start_of(session, form):
            check_start(start.checkpoint, body.spec())
        return estimate(session, team_id(), asked, services().settings.lease_seconds)
    except UserError as error:
        fail(form, error)
        return None


def estimate_words(found: Estimate | None) -> dict[str, str]:
    """Return each figure in words; of no estimate dashes."""
    if found is None:
        return dict.fromkeys(SLOTS, words.NONE) | {"basis": ""}
    time, kept = found.time, found.kept
    return {
        "time": time_words(time.seconds),
        "epoch": time_words(time.epoch_seconds),
        "memory": words.size(found.memory.host),
        "device": words.size(found.memory.device) if found.memory.device else words.NONE,
        "checkpoint": words.size(kept.checkpoint),
        "kept": _("%(size)s in %(checkpoints)s", size=words.size(kept.bytes),
                  checkpoints=words.counted(kept.checkpoints, "checkpoint")),
        "steps": words.number(found.steps),
        "windows": words.number(found.windows),
        "parameters": words.number(found.parameters),
        "training": words.counted(found.split.training.characters, "character"),
        "validation": words.counted(found.split.validation.characters, "character"),
        "basis": basis_words(time),
    }  # fmt: skip


def answer(form: Form, found: Estimate | None) -> dict[str, Any]:
    """Return what the script shows: the figures, what to say of them, and each field's problem."""
    problems = {p.field: form.error(p.field) for p in form.problems}
    figures = estimate_words(found)
    told = _("It takes %(time)s.", time=figures["time"]) if found and found.time.seconds else ""
    message = form.message if form.message and not problems else ""
    return {"figures": figures, "told": told, "problems": problems, "message": message or ""}


def time_words(seconds: float | None) -> str:
    """Return a time as one guesses it, or that it is not known."""
    return _("not known") if seconds is None else _("about %(time)s", time=words.about(seconds))


def basis_words(time: Time) -> str:
    """Return what the time goes by, or why none is told."""
    if time.basis == "jobs":
        return ngettext(
            "The time goes by one job that was trained on the workers at hand.",
            "The time goes by %(count)s jobs that were trained on the workers at hand.",
            time.measurements, count=time.measurements,
        )  # fmt: skip
    if time.basis == "start":
        return _("The time goes by the speed that the workers measured when they started.")
    missing = (
        _("No worker that trains is running now.")
        if time.reason == "no_workers"
        else _("The workers at hand have not measured their speed yet.")
    )
    if time.basis == "earlier_jobs":
        return _("%(reason)s The time goes by jobs of other machines.", reason=missing)
    return missing
