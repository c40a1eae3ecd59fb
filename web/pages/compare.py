"""Two to six training jobs side by side: settings, losses, samples."""

from dataclasses import dataclass
from typing import Any

from apiflask import APIBlueprint
from flask import render_template, request
from sqlalchemy import select
from sqlalchemy.orm import Session

from shared.architecture import layers_of
from shared.errors import NotFound
from shared.jobs.models import Epoch, Job, Kind, Sample
from shared.jobs.queries import get_job
from shared.said import said
from shared.specs import TrainingSpec
from web.context import services, team_id
from web.messages import _, _l
from web.pages import reading, words
from web.pages.cards import Card, sample_card
from web.pages.facts import facts_of
from web.pages.losses import Series, best_epoch, last_epoch, losses_of, runs_to_choose
from web.pages.state import state_of
from web.pages.words import Words

compare = APIBlueprint("compare", __name__, url_prefix="/compare", enable_openapi=False)

LEAST, MOST = 2, 6
# Of very many epochs, some: a job's own page has them all.
MOST_ROWS = 200
WHICH: Words = {"best": _l("of the best epoch"), "last": _l("of the last epoch")}
RESULTS: Words = {
    "status": _l("Status"),
    "epochs": _l("Epochs done"),
    "best": _l("Best epoch"),
    "best_loss": _l("Best validation loss"),
    "loss": _l("Last training loss"),
    "took": _l("Time taken"),
    "speed": _l("Characters a second"),
    "parameters": _l("Parameters"),
    "text": _l("Text"),
}


@dataclass
class Run:
    """A column of the page."""

    job: Job
    state: dict[str, Any]
    results: dict[str, str]
    settings: dict[str, str]
    losses: Series
    sample: Card | None


@dataclass(frozen=True)
class Line:
    """A row of a table: a value of each run, and whether they are not all the same."""

    label: str
    cells: list[str]

    @property
    def differs(self) -> bool:
        """Whether the runs part here."""
        return len(set(self.cells)) > 1


@compare.get("")
def show() -> str:
    """Show the chosen jobs side by side, or a form to choose them."""
    ids = list(dict.fromkeys(request.args.getlist("job")))
    if not LEAST <= len(ids) <= MOST:
        return _choice(ids)
    which = "last" if request.args.get("samples") == "last" else "best"
    with services().db.read() as session:
        jobs = [_training_job(session, job_id) for job_id in ids]
        temperatures = _temperatures(session, ids)
        chosen = _chosen(temperatures)
        columns = [_run(session, job, which, chosen) for job in jobs]
    return render_template(
        "compare.html",
        runs=columns,
        series=[{"name": run.job.name, **run.losses} for run in columns],
        table=_table([run.losses for run in columns]),
        ids=ids,
        results=_lines([run.results for run in columns], RESULTS),
        settings=_settings(columns),
        which=which,
        whiches=WHICH,
        temperatures=temperatures,
        chosen=chosen,
    )


def _choice(ids: list[str]) -> str:
    with services().db.read() as session:
        found = runs_to_choose(session, team_id())
    message = ""
    if ids:
        message = _("Choose %(least)s to %(most)s training jobs.", least=LEAST, most=MOST)
    rows = [(job, state_of(job)) for job in found]
    return render_template(
        "compare_choose.html", rows=rows, chosen=set(ids), message=message, least=LEAST, most=MOST
    )


def _training_job(session: Session, job_id: str) -> Job:
    job = get_job(session, team_id(), job_id)
    if job.kind != Kind.TRAIN:
        raise NotFound(said("job {id} is no training job: only those can be compared", id=job_id))
    return job


def _run(session: Session, job: Job, which: str, temperature: float | None) -> Run:
    spec = TrainingSpec.model_validate(job.spec)
    best, last = best_epoch(session, job.id), last_epoch(session, job.id)
    settings = {"preset": job.preset or words.NONE}
    settings |= {fact.name: fact.value for fact in facts_of(spec)}
    return Run(
        job,
        state_of(job),
        _results(session, job, spec, best, last),
        settings,
        losses_of(session, job.id),
        _sample(session, job, best if which == "best" else last, temperature),
    )


def _results(
    session: Session, job: Job, spec: TrainingSpec, best: Epoch | None, last: Epoch | None
) -> dict[str, str]:
    version, corpus = reading.version_and_corpus(session, job.corpus_version_id or "")
    state = state_of(job)
    parameters = sum(layer.parameters for layer in layers_of(spec, version.vocabulary_size))
    return {
        "status": state["word"],
        "epochs": str(last.epoch) if last else "0",
        "best": str(best.epoch) if best else words.NONE,
        "best_loss": words.loss(best.val_loss if best else None),
        "loss": words.loss(last.loss if last else None),
        "took": state["took"] or words.NONE,
        "speed": words.number(round(last.characters_per_second)) if last else words.NONE,
        "parameters": words.number(parameters),
        "text": _("%(name)s, version %(number)s", name=corpus.name, number=version.number),
    }


def _settings(columns: list[Run]) -> list[Line]:
    names = list(columns[0].settings)
    labels = {"preset": _("Preset")} | {f.name: f.label for f in facts_of(TrainingSpec())}
    return _lines([run.settings for run in columns], {name: labels[name] for name in names})


def _table(columns: list[Series]) -> list[dict[str, Any]]:
    """Return the losses in numbers, an epoch a row: the validation and training loss of each."""
    empty: list[float | None] = [None, None] * len(columns)
    rows: dict[int, list[float | None]] = {}
    for number, column in enumerate(columns):
        for epoch, loss, val_loss in zip(
            column["epoch"], column["loss"], column["valLoss"], strict=True
        ):
            row = rows.setdefault(epoch, list(empty))
            row[2 * number : 2 * number + 2] = val_loss, loss
    every = -(-len(rows) // MOST_ROWS) or 1
    return [{"epoch": epoch, "cells": rows[epoch]} for epoch in sorted(rows)[::every]]


def _lines(columns: list[dict[str, str]], labels: Any) -> list[Line]:
    return [Line(str(text), [column[name] for column in columns]) for name, text in labels.items()]


def _sample(
    session: Session, job: Job, epoch: Epoch | None, temperature: float | None
) -> Card | None:
    """Return the job's sample of an epoch, at the temperature that is nearest to the wanted one."""
    if epoch is None or temperature is None:
        return None
    query = select(Sample).where(Sample.job_id == job.id, Sample.epoch == epoch.epoch)
    rows = list(session.scalars(query))
    if not rows:
        return None
    row = min(rows, key=lambda one: (abs(one.temperature - temperature), one.id))
    return sample_card(row, reading.version_and_corpus(session, job.corpus_version_id or "")[0])


def _temperatures(session: Session, ids: list[str]) -> list[float]:
    """Return the temperatures at which the jobs wrote samples: of all jobs, else of any."""
    query = select(Sample.job_id, Sample.temperature).where(Sample.job_id.in_(ids)).distinct()
    written: dict[str, set[float]] = {}
    for job_id, temperature in session.execute(query):
        written.setdefault(job_id, set()).add(temperature)
    if not written:
        return []
    shared = set.intersection(*written.values())
    return sorted(shared or set.union(*written.values()))


def _chosen(temperatures: list[float]) -> float | None:
    wanted = request.args.get("temperature", type=float)
    if not temperatures or wanted in temperatures:
        return wanted if temperatures else None
    return min(temperatures, key=lambda one: abs(one - 0.6))
