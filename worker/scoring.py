"""The runner of scoring jobs: engine to job."""

import math
from typing import Any

from shared.checkpoints.models import Checkpoint
from shared.jobs.models import Job
from shared.jobs.requests import ScoreSpec
from shared.jobs.rows import Lease
from shared.prompts import FittedPrompt, nearest
from worker.answering import answer, asked, look_up
from worker.engine.scoring import Scores, score
from worker.engine.vocabulary import Vocabulary
from worker.heartbeat import Heartbeat
from worker.models import character_model
from worker.node import Node


def run_scoring(node: Node, job: Job, lease: Lease, heartbeat: Heartbeat) -> None:
    """Score a job's text and store the result.

    Raises ``LeaseLost``, ``StopRequested``.
    """
    spec, text = ScoreSpec.model_validate(job.spec), asked(node, job).decode()
    checkpoint = node.keep_trying(lambda: _checkpoint(node, job))
    model = node.keep_trying(lambda: character_model(node, checkpoint))
    known = set(checkpoint.vocabulary)
    scores = score(
        model, Vocabulary(checkpoint.vocabulary), text, spec.alternatives,
        nearest=lambda character: nearest(character, known),
        between=lambda: look_up(heartbeat),
    )  # fmt: skip
    answer(node, lease, _result(checkpoint, text, scores))


def _checkpoint(node: Node, job: Job) -> Checkpoint:
    with node.db.read() as session:
        return session.get_one(Checkpoint, job.checkpoint_id)


def _result(checkpoint: Checkpoint, text: str, scores: Scores) -> dict[str, Any]:
    """Return what is told of a text: a ``Score``."""
    return {
        "checkpoint_id": checkpoint.id,
        "characters": len(text),
        "bits_per_character": scores.bits_per_character(),
        "report": _report(text, checkpoint.vocabulary),
        "scores": _scores(text, checkpoint.vocabulary, scores),
        "next": _next(checkpoint.vocabulary, scores.behind),
    }


def _report(text: str, vocabulary: str) -> dict[str, Any]:
    known = set(vocabulary)
    found = {c: nearest(c, known) for c in dict.fromkeys(text) if c not in known}
    replaced = {c: near for c, near in found.items() if near}
    return FittedPrompt("", replaced, [c for c, near in found.items() if not near]).report()


def _scores(text: str, vocabulary: str, scores: Scores) -> list[dict[str, Any]]:
    """Return one character's score after the other."""
    rows = zip(text, scores.logs.tolist(), scores.ranks.tolist(), scores.best.tolist(),
               scores.best_logs.tolist(), strict=True)  # fmt: skip
    return [
        {
            "character": character,
            "probability": _probability(log) if rank else None,
            "rank": rank or None,
            "alternatives": _alternatives(vocabulary, best, logs),
        }
        for character, log, rank, best, logs in rows
    ]


def _next(vocabulary: str, behind: Scores | None) -> list[dict[str, Any]]:
    """Return the likeliest characters behind the text."""
    if behind is None:
        return []
    return _alternatives(vocabulary, behind.best[0].tolist(), behind.best_logs[0].tolist())


def _alternatives(vocabulary: str, ids: list[int], logs: list[float]) -> list[dict[str, Any]]:
    return [
        {"character": vocabulary[id_], "probability": _probability(log)}
        for id_, log in zip(ids, logs, strict=True)
    ]


def _probability(log: float) -> float:
    """Return e to the power of ``log``, in as many digits as single precision has."""
    return float(f"{math.exp(log):.7g}")
