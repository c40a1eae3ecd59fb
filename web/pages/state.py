"""Where a job stands, in words: for its page and for ``live.json``."""

from typing import Any

from shared.db import now
from shared.jobs.models import ENDED, Job, Kind, Status
from web.pages import words

WORDS = {
    Status.QUEUED: "queued",
    Status.RUNNING: "running",
    Status.PAUSED: "paused",
    Status.SUCCEEDED: "succeeded",
    Status.FAILED: "failed",
    Status.CANCELLED: "cancelled",
}
ASKED = {"cancel": "stopping", "pause": "pausing"}

MOVES = {
    Status.QUEUED: ("pause", "cancel"),
    Status.RUNNING: ("pause", "cancel"),
    Status.PAUSED: ("resume", "cancel"),
    Status.SUCCEEDED: ("delete",),
    Status.FAILED: ("retry", "delete"),
    Status.CANCELLED: ("retry", "delete"),
}

ADVICE = {
    "diverged": "The steps of the optimizer were too large. Train again with a smaller learning "
    "rate, a tenth of it for a start. The checkpoints of earlier epochs are still good.",
    "worker_lost": "Most likely the machine ran out of memory. Retry goes on from the last saved "
    "state; if it happens again, train with fewer units, a smaller batch or a shorter window.",
    "corpus_too_short": "Take a longer text, a shorter window or a smaller share held out.",
    "unknown_prompt": "Write a prompt in characters that the text has, or leave it empty.",
    "internal": "This is not your doing. Retry goes on from the last saved state; if it fails "
    "again, the worker's log says more.",
}
OTHER_ADVICE = "Retry goes on from the last saved state, if there is one."


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
        "advice": ADVICE.get(job.error_code or "", OTHER_ADVICE),
        "took": _took(job),
        "worker": job.worker or words.NONE,
    }


def word_of(job: Job) -> str:
    """Return the status as people say it, what was asked of a running job before all."""
    return ASKED.get(job.requested or "") or WORDS[Status(job.status)]


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
    return [move for move in MOVES[Status(job.status)] if move != job.requested]


def _line(job: Job) -> str:
    if job.status == Status.QUEUED:
        return "It starts as soon as a worker is free."
    if job.requested:
        return "Asked to stop: the worker saves where it stands first."
    return _epochs(job) if job.kind == Kind.TRAIN else _characters(job)


def _epochs(job: Job) -> str:
    at = job.progress
    epoch, epochs = at.get("epoch") or 0, at.get("epochs") or 0
    early = job.status == Status.SUCCEEDED and epoch < epochs
    parts = [f"{'Stopped early after epoch' if early else 'Epoch'} {epoch} of {epochs}"]
    if job.status == Status.RUNNING and at.get("steps"):
        parts.append(f"step {at['step']:,} of {at['steps']:,}")
        parts += _speed(at, "windows a second")
        if at.get("loss") is not None:
            parts.append(f"loss {at['loss']:.3f}")
    return " · ".join(parts)


def _characters(job: Job) -> str:
    at = job.progress
    done = at.get("steps") if job.status == Status.SUCCEEDED else at.get("step")
    parts = [f"{done or 0:,} of {at.get('steps') or 0:,} characters"]
    if job.status == Status.RUNNING:
        parts += _speed(at, "characters a second")
    return " · ".join(parts)


def _speed(progress: dict[str, Any], unit: str) -> list[str]:
    speed = progress.get("characters_per_second")
    return [f"{speed:,.0f} {unit}"] if speed else []


def _left(job: Job) -> str:
    left = job.progress.get("eta_seconds")
    if job.status != Status.RUNNING or left is None:
        return ""
    return f"about {words.about(left)} left"


def _took(job: Job) -> str:
    if job.started_at is None:
        return ""
    end = job.finished_at or now()
    return words.duration((end - job.started_at).total_seconds())
