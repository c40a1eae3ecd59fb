"""Why a job failed, in words, and what to do about it: by the code of its error."""

from collections.abc import Callable
from typing import Any

from flask import url_for

from shared.jobs.models import Job, Kind
from web.messages import _, _l
from web.pages.words import Words

TITLES: Words = {
    "diverged": _l("The training went astray"),
    "worker_lost": _l("The worker was lost"),
    "corpus_too_short": _l("The text is too short"),
    "unknown_prompt": _l("The model knows no character of the prompt"),
    "disk_full": _l("The worker's disk is full"),
    "blob_missing": _l("Something that the job needs is gone"),
    "not_a_model": _l("The file is no model"),
    "legacy_model": _l("The file is of an old kind"),
    "archive_refused": _l("The file is not as Keras writes it"),
    "configuration_refused": _l("The model is not one that charloom can rebuild"),
    "weights_refused": _l("The model's weights are not as Keras writes them"),
    "vocabulary_refused": _l("The characters do not fit the model"),
    "internal": _l("Something went wrong in the service"),
}
OTHER_TITLE = _l("The job failed")

ADVICE: Words = {
    "diverged": _l(
        "The steps of the optimizer were too large. Train again with a smaller learning rate, a "
        "tenth of it for a start. The checkpoints of earlier epochs are still good."
    ),
    "worker_lost": _l(
        "Most likely the machine ran out of memory. Retry goes on from the last saved state; if it "
        "happens again, train with fewer units, a smaller batch or a shorter window."
    ),
    "corpus_too_short": _l("Take a longer text, a shorter window or a smaller share held out."),
    "unknown_prompt": _l("Write a prompt in characters that the text has, or leave it empty."),
    "disk_full": _l(
        "Make room on the worker's machine, then retry: it goes on from the last saved state."
    ),
    "blob_missing": _l(
        "A text or a model was deleted, or the database was restored without it. Submit the job "
        "again with a text and a checkpoint that are there."
    ),
    "not_a_model": _l("Upload a .keras file, as model.save('model.keras') writes it, or a bundle."),
    "legacy_model": _l(
        "Open it where it was made, with Keras 3, and save it as a .keras file: "
        "model.save('model.keras')."
    ),
    "archive_refused": _l(
        "Upload the file as Keras or charloom wrote it. Nothing was kept of this one."
    ),
    "configuration_refused": _l(
        "It must be a Sequential model of LSTM or GRU layers of one size and a Dense layer with "
        "softmax, over characters one-hot. Nothing was kept of the file."
    ),
    "weights_refused": _l(
        "Upload the file as Keras or charloom wrote it. Nothing was kept of this one."
    ),
    "vocabulary_refused": _l(
        "Upload it again with the characters that it was trained on, each once, in its order."
    ),
    "internal": _l(
        "This is not your doing. Retry goes on from the last saved state; if it fails again, the "
        "worker's log says more."
    ),
}
OTHER_ADVICE = _l("Retry goes on from the last saved state, if there is one.")

Cure = dict[str, str]


def title_of(code: str) -> str:
    """Return what went wrong."""
    return str(TITLES.get(code, OTHER_TITLE))


def advice_on(code: str) -> str:
    """Return what to do about it."""
    return str(ADVICE.get(code, OTHER_ADVICE))


def cures_of(job: Job) -> list[Cure]:
    """Return links to a form that is filled in with this job's settings, but for what failed."""
    cures = CURES.get((Kind(job.kind), job.error_code or ""))
    return cures(job) if cures else []


def _slower(job: Job) -> list[Cure]:
    rate = float(f"{job.spec['learning_rate'] / 10:.6g}")
    return [_again(_("Train again with a smaller learning rate"), job, learning_rate=rate)]


def _smaller(job: Job) -> list[Cure]:
    spec, cures = job.spec, []
    if (batch := spec["batch_size"] // 2) >= 1:
        cures.append(_again(_("Train again with a smaller batch"), job, batch_size=batch))
    if (units := spec["units"] // 2) >= 1:
        cures.append(_again(_("Train again with fewer units"), job, units=units))
    return cures


def _shorter(job: Job) -> list[Cure]:
    window = max(2, job.spec["window"] // 2)
    return [_again(_("Train again with a shorter window"), job, window=window)]


def _other_prompt(job: Job) -> list[Cure]:
    url = url_for("pages.generation.new", clone=job.id, prompt="")
    return [{"key": url, "text": _("Write again with another prompt"), "url": url}]


def _again(text: str, job: Job, **changes: Any) -> Cure:
    url = url_for("pages.training.new", clone=job.id, **changes)
    return {"key": url, "text": text, "url": url}


CURES: dict[tuple[Kind, str], Callable[[Job], list[Cure]]] = {
    (Kind.TRAIN, "diverged"): _slower,
    (Kind.TRAIN, "worker_lost"): _smaller,
    (Kind.TRAIN, "corpus_too_short"): _shorter,
    (Kind.GENERATE, "unknown_prompt"): _other_prompt,
}
