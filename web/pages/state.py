"""Where a job stands, in words: for its page and for ``live.json``."""

from typing import Any

from shared.db import now
from shared.jobs.models import ENDED, Job, Kind, Status
from web.fleet import reason_of
from web.messages import _, _l
from web.pages import failures, words
from web.pages.words import Words

WORDS: Words = {
    Status.QUEUED: _l("queued"),
    Status.RUNNING: _l("running"),
    Status.PAUSED: _l("paused"),
    Status.SUCCEEDED: _l("succeeded"),
    Status.FAILED: _l("failed"),
    Status.CANCELLED: _l("cancelled"),
}
ASKED: Words = {"cancel": _l("stopping"), "pause": _l("pausing")}

MOVES = {
    Status.QUEUED: ("pause", "cancel"),
    Status.RUNNING: ("pause", "cancel"),
    Status.PAUSED: ("resume", "cancel"),
    Status.SUCCEEDED: ("delete",),
    Status.FAILED: ("retry", "delete"),
    Status.CANCELLED: ("retry", "delete"),
}


def state_of(job: Job) -> dict[str, Any]:
    """Return all of a job that may change while its page is open, but for its rows."""
    return {
        "status": job.status,
        "word": word_of(job),
        "ended": job.status in ENDED,
        "attempt": job.attempt,
        "requested": job.requested,
        "percent": percent_of(job),
        "percent_words": f"{percent_of(job)}%",
        "line": _line(job),
        "left": _left(job),
        "title": title_of(job),
        "moves": _moves(job),
        "failed": job.error_code is not None,
        "error": words.sentence(job.error_message) if job.error_message else "",
        "failure": failures.title_of(job.error_code or ""),
        "advice": failures.advice_on(job.error_code or ""),
        "writing": _writing(job),
        "took": _took(job),
        "worker": job.worker or words.NONE,
    }


def word_of(job: Job) -> str:
    """Return the status as people say it, what was asked of a running job before all."""
    return str(ASKED.get(job.requested or "") or WORDS[Status(job.status)])


def percent_of(job: Job) -> int:
    """Return how much is done, in whole percent; 100 is kept for the end."""
    fraction = job.progress.get("fraction") or 0.0
    if job.status == Status.SUCCEEDED:
        return 100
    return max(0, min(99, int(100 * fraction)))


def title_of(job: Job) -> str:
    """Return the title of the job's page: '42% · name' while it runs."""
    if job.status == Status.RUNNING:
        return f"{percent_of(job)}% · {job.name}"
    return f"{word_of(job).capitalize()} · {job.name}"


def _moves(job: Job) -> list[str]:
    """Return the moves that are offered; one that was asked for is not offered again."""
    refused = (job.requested, "retry" if job.kind == Kind.IMPORT else None)
    return [move for move in MOVES[Status(job.status)] if move not in refused]


def _line(job: Job) -> str:
    if job.status == Status.QUEUED:
        why = reason_of(job)
        if why is not None:
            return words.sentence(why)
        return _("It starts as soon as a worker is free.")
    if job.requested:
        return _("Asked to stop: the worker saves where it stands first.")
    if job.kind == Kind.IMPORT:
        return _("The file is read, and the model built anew from its numbers.")
    return _epochs(job) if job.kind == Kind.TRAIN else _characters(job)


def _epochs(job: Job) -> str:
    at = job.progress
    counts = {"epoch": at.get("epoch") or 0, "epochs": at.get("epochs") or 0}
    early = job.status == Status.SUCCEEDED and counts["epoch"] < counts["epochs"]
    parts = [
        _("Stopped early after epoch %(epoch)s of %(epochs)s", **counts)
        if early
        else _("Epoch %(epoch)s of %(epochs)s", **counts)
    ]
    if job.status == Status.RUNNING and at.get("steps"):
        steps = {"step": f"{at['step']:,}", "steps": f"{at['steps']:,}"}
        parts.append(_("step %(step)s of %(steps)s", **steps))
        if speed := at.get("characters_per_second"):
            parts.append(_("%(speed)s characters a second", speed=f"{speed:,.0f}"))
        if at.get("loss") is not None:
            parts.append(_("loss %(loss)s", loss=words.loss(at["loss"])))
    return " · ".join(parts)


def _characters(job: Job) -> str:
    at = job.progress
    done = at.get("steps") if job.status == Status.SUCCEEDED else at.get("step")
    counts = {"done": f"{done or 0:,}", "all": f"{at.get('steps') or 0:,}"}
    parts = [_("%(done)s of %(all)s characters", **counts)]
    if job.status == Status.RUNNING and (speed := at.get("characters_per_second")):
        parts.append(_("%(speed)s characters a second", speed=f"{speed:,.0f}"))
    return " · ".join(parts)


def _writing(job: Job) -> dict[str, str] | None:
    """Return the sample that is being written after an epoch, as far as it is."""
    sample = job.progress.get("sample")
    if job.status != Status.RUNNING or not sample:
        return None
    return {
        "epoch": str(job.progress.get("epoch") or 0),
        "temperature": f"{sample.get('temperature') or 0:g}",
        "text": sample["text"],
    }


def _left(job: Job) -> str:
    left = job.progress.get("eta_seconds")
    if job.status != Status.RUNNING or left is None:
        return ""
    return _("about %(time)s left", time=words.about(left))


def _took(job: Job) -> str:
    if job.started_at is None:
        return ""
    end = job.finished_at or now()
    return words.duration((end - job.started_at).total_seconds())
