"""The texts of a generation job as cards: finished, being written, or still to come.

Alike for the template and for ``live.json``: see ``web.pages.cards``. A card's key is the text's
number, so that a text stays in its place from its first character on.
"""

from collections.abc import Mapping
from typing import Any

from flask import url_for
from sqlalchemy import select
from sqlalchemy.orm import Session

from shared.checkpoints.models import Checkpoint
from shared.corpora.models import CorpusVersion
from shared.db import Database
from shared.errors import NotFound
from shared.jobs.models import ENDED, Job, Output
from shared.jobs.queries import output_text
from shared.jobs.written import written_ends
from shared.prompts import fit_prompt
from shared.said import said
from shared.specs import GenerationSpec
from web.messages import _, _l
from web.pages import reading, words
from web.pages.copied import copied_card
from web.pages.words import Words

Card = dict[str, Any]

# Of a text and of its prompt, characters; texts on one page.
MOST_SHOWN, MOST_PROMPT, MOST_TEXTS = 10_000, 1000, reading.MOST_OUTPUTS
# Side by side at most.
MOST_COLUMNS = 4
FINISHES: Words = {
    "length": _l("as long as was asked for"),
    "stop": _l("ended at a stop text"),
    "cancelled": _l("cut short"),
}


def columns_of(spec: GenerationSpec) -> int:
    """Return how many texts stand side by side: one of each temperature, else all of one."""
    temperatures = spec.temperature if isinstance(spec.temperature, list) else [spec.temperature]
    wanted = len(temperatures) if len(temperatures) > 1 else spec.count
    return wanted if wanted <= MOST_COLUMNS else MOST_COLUMNS - 1


def cards_of(db: Database, session: Session, job: Job, version: CorpusVersion | None) -> list[Card]:
    """Return a card for each of a job's texts, those of one prompt at all temperatures together."""
    spec = GenerationSpec.model_validate(job.spec)
    checkpoint = session.get_one(Checkpoint, job.checkpoint_id)
    ends = written_ends(session, job.id, MOST_SHOWN)
    outputs = {row.number: row for row in reading.first_outputs(session, job.id)}
    prompt = fit_prompt(spec.prompt, checkpoint.vocabulary).text if spec.prompt else ""
    cards = []
    for number in _numbers(spec):
        if row := outputs.get(number):
            cards.append(output_card(db, row, version))
        elif job.status not in ENDED or number in ends:
            temperature = spec.temperatures()[number - 1]
            cards.append(growing_card(job.id, number, temperature, prompt, ends.get(number)))
    return cards


def _numbers(spec: GenerationSpec) -> list[int]:
    """Return the numbers of the texts that are shown, as they stand on the page."""
    count, all_ = spec.count, len(spec.temperatures())
    rows = (range(text, all_, count) for text in range(count))
    return [place + 1 for row in rows for place in row if place < MOST_TEXTS]


def output_card(db: Database, row: Output, version: CorpusVersion | None = None) -> Card:
    """Return a generated text; of a long one the beginning."""
    text = _beginning(db, row)
    return {
        **_card(row.job_id, row.number, row.temperature, row.prompt),
        "whole": True,
        "text": text,
        "more": row.characters > len(text),
        "shown": _(
            "The first %(shown)s of %(all)s characters.",
            shown=f"{len(text):,}",
            all=f"{row.characters:,}",
        ),
        "characters": words.counted(row.characters, "character"),
        "finish": str(FINISHES.get(row.finish_reason, row.finish_reason)),
        "report": prompt_words(row.prompt_report),
        "reported": bool(prompt_words(row.prompt_report)),
        "seed": str(row.rng_seed),
        **copied_card(text, row.copying, version),
        **_receipt(row.receipt),
        "data": {"written": row.characters, "whole": "yes"},
    }


def growing_card(
    job_id: str, number: int, temperature: float, prompt: str, end: tuple[int, str] | None
) -> Card:
    """Return a text that is being written, or that is still to come."""
    before, text = end or (0, "")
    return {
        **_card(job_id, number, temperature, prompt),
        "growing": True,
        "text": text,
        "characters": _("being written") if end else _("still to come"),
        "parts": [{"text": text, "copied": False}] if text else [],
        "data": {"written": before + len(text), "whole": ""},
    }


def prompt_words(report: Mapping[str, Any]) -> str:
    """Return as what a model read the characters that it does not know; '' where it knew all."""
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


def output_of(session: Session, job: Job, number: int) -> Output:
    """Return a job's text of that number. Raises ``NotFound``."""
    wanted = Output.job_id == job.id, Output.number == number
    row = session.scalar(select(Output).where(*wanted))
    if row is None:
        raise NotFound(said("the job has no output {number}", number=number))
    return row


def verdict(answer: Mapping[str, Any]) -> str:
    """Return what came of a verification, in a sentence."""
    if answer["same"]:
        return _("The same text was written again.")
    return _("It is not as the receipt says.")


def _card(job_id: str, number: int, temperature: float, prompt: str) -> Card:
    where: dict[str, Any] = {"job_id": job_id, "number": number}
    cut = len(prompt) > MOST_PROMPT
    return {
        "key": str(number),
        "number": str(number),
        "temperature": f"{temperature:g}",
        "prompt": ("…" if cut else "") + prompt[-MOST_PROMPT:],
        "text_url": url_for("pages.jobs.output_txt", **where),
        "desk_url": url_for("pages.desk.show", job=job_id, number=number),
        "receipt_url": url_for("pages.outputs.receipt", **where),
        "verify_url": url_for("pages.outputs.verify", **where),
    }


def _receipt(receipt: dict[str, Any] | None) -> Card:
    if receipt is None:
        return {"receipted": False}
    hashes = {f"receipt_{name}": (receipt[f"{name}_sha256"] or "–")[:16] for name in
              ("text", "checkpoint", "corpus_version", "prompt", "spec")}  # fmt: skip
    versions = f"charloom {receipt['charloom']} · Keras {receipt['keras']}"
    return {"receipted": True, "receipt_versions": versions, **hashes}


def _beginning(db: Database, row: Output) -> str:
    first = next(output_text(db, row), b"")
    # The piece may end inside a character.
    return first.decode("utf-8", errors="ignore")[:MOST_SHOWN]
