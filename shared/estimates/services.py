"""Estimates, and the corpus doctor's whole report: sizes by arithmetic, time by measured speed."""

from typing import Any, Literal

from pydantic import BaseModel, Field
from sqlalchemy import func, select
from sqlalchemy.orm import Session, undefer

from shared.corpora.examinations import Examination
from shared.corpora.findings import TextFinding, findings
from shared.corpora.models import Corpus, CorpusVersion
from shared.errors import InvalidFields, NotFound
from shared.estimates.costs import parameters_of, steps_of, window_cost
from shared.estimates.recommending import Recommendation, recommend
from shared.estimates.requests import EstimateRequest
from shared.estimates.sizes import Kept, Memory, Split, epoch_cost
from shared.estimates.speeds import STORE_SECONDS, Basis, Crew, Speed, crew_of, speed_for
from shared.ids import is_id
from shared.jobs.submissions import check_characters
from shared.said import said
from shared.specs import TrainingSpec


class TextSize(BaseModel):
    """``N`` characters of text, ``V`` of them different."""

    characters: int
    vocabulary_size: int


class Time(BaseModel):
    """How long a run takes on a worker of its own, once it has begun."""

    seconds: float | None = Field(description="Of the whole run; null where no speed is known.")
    epoch_seconds: float | None
    basis: Basis | Literal["none"] = Field(
        description="What it goes by: `jobs`, trained on the machines of the workers at hand; "
        "`start`, what those measured at their start; `earlier_jobs`, of other machines; `none`."
    )
    measurements: int = Field(description="How many of those.")
    reason: Literal["no_workers", "not_measured"] | None = Field(
        description="Why no time is told, or none of the workers at hand: none of them trains, or "
        "none has measured its speed."
    )


class Workers(BaseModel):
    """The workers at hand: those that train and are alive."""

    count: int
    gpu: bool


class Estimate(BaseModel):
    """What a training run would take."""

    parameters: int
    text: TextSize
    split: Split
    windows: int = Field(description="Learned from in an epoch.")
    steps: int = Field(description="Of the optimizer in an epoch.")
    time: Time
    workers: Workers
    memory: Memory
    kept: Kept


class CorpusReport(BaseModel):
    """The corpus doctor's report of a version."""

    corpus_version_id: str
    version: int
    text: TextSize
    cleaning: dict[str, Any] = Field(description="What cleaning found.")
    examination: Examination | None = Field(
        description="null of a version from before texts were examined."
    )
    findings: list[TextFinding]
    recommendation: Recommendation
    estimate: Estimate = Field(description="Of the recommended run.")


def estimate(
    session: Session, team_id: str, request: EstimateRequest, lease_seconds: float
) -> Estimate:
    """Return what a run would take. Raises ``InvalidFields``, ``CorpusTooShort``."""
    spec, size = request.spec(), _size(session, team_id, request)
    check_characters(spec, size.characters, "corpus_id" if request.corpus_id else "characters")
    return estimate_of(session, spec, size, crew_of(session, lease_seconds))


def examine(
    session: Session, team_id: str, corpus_id: str, number: int | None, lease_seconds: float
) -> CorpusReport:
    """Return the doctor's report of a version, the newest where ``number`` is None.

    Raises ``NotFound``.
    """
    version = _version(session, team_id, corpus_id, number)
    size = TextSize(characters=version.characters, vocabulary_size=version.vocabulary_size)
    crew = crew_of(session, lease_seconds)
    stored = version.examination
    examination = None if stored is None else Examination.model_validate(stored)
    best = recommend(size.characters, size.vocabulary_size, crew.gpu)
    return CorpusReport(
        corpus_version_id=version.id,
        version=version.number,
        text=size,
        cleaning=version.report,
        examination=examination,
        findings=findings(size.characters, size.vocabulary_size, version.report, examination),
        recommendation=best,
        estimate=estimate_of(session, best.spec, size, crew),
    )


def estimate_of(session: Session, spec: TrainingSpec, size: TextSize, crew: Crew) -> Estimate:
    """Return what a run of ``spec`` over a text of some size takes on the workers at hand."""
    vocabulary = size.vocabulary_size
    split = Split.of(spec, size.characters)
    windows = split.learned(spec)
    speed = speed_for(session, crew, window_cost(spec, vocabulary))
    return Estimate(
        parameters=parameters_of(spec, vocabulary),
        text=size,
        split=split,
        windows=windows,
        steps=steps_of(spec, windows),
        time=_time(spec, epoch_cost(spec, size.characters, vocabulary), speed, crew),
        workers=Workers(count=len(crew.devices), gpu=crew.gpu),
        memory=Memory.of(spec, size.characters, vocabulary, crew.gpu),
        kept=Kept.of(spec, vocabulary),
    )


def _time(spec: TrainingSpec, cost: float, speed: Speed | None, crew: Crew) -> Time:
    """Return how long a run takes whose epochs cost so much."""
    missing: Literal["no_workers", "not_measured"] | None = None
    if speed is None or speed.basis == "earlier_jobs":
        missing = "not_measured" if crew.devices else "no_workers"
    if speed is None:
        return Time(seconds=None, epoch_seconds=None, basis="none", measurements=0, reason=missing)
    epoch = cost / speed.speed + STORE_SECONDS
    return Time(
        seconds=speed.start_seconds + spec.epochs * epoch,
        epoch_seconds=epoch,
        basis=speed.basis,
        measurements=speed.measurements,
        reason=missing,
    )


def _size(session: Session, team_id: str, request: EstimateRequest) -> TextSize:
    """Return the size of the text that is meant. Raises ``InvalidFields``."""
    sizes = (request.characters, request.vocabulary_size)
    if request.corpus_id is None:
        if request.characters is None or request.vocabulary_size is None:
            raise InvalidFields.one(
                "corpus_id", said("no text is named, and not its size"), None,
                said("a corpus' id, or else characters and vocabulary_size"),
            )  # fmt: skip
        return TextSize(characters=request.characters, vocabulary_size=request.vocabulary_size)
    if sizes != (None, None):
        raise InvalidFields.one(
            "characters", said("a corpus is named as well"), request.characters,
            said("nothing, where corpus_id is given"),
        )  # fmt: skip
    return _stored_size(session, team_id, request.corpus_id, request.corpus_version_id)


def _stored_size(
    session: Session, team_id: str, corpus_id: str, version_id: str | None
) -> TextSize:
    """Return a version's size, without what else there is of it. Raises ``InvalidFields``."""
    query = (
        select(CorpusVersion.characters, func.length(CorpusVersion.vocabulary))
        .join(Corpus)
        .where(Corpus.id == corpus_id, Corpus.team_id == team_id)
        .order_by(CorpusVersion.number.desc())
        .limit(1)
    )
    if version_id is not None:
        query = query.where(CorpusVersion.id == version_id)
    valid = is_id(corpus_id) and (version_id is None or is_id(version_id))
    found = session.execute(query).first() if valid else None
    if found is None and version_id is None:
        raise InvalidFields.one(
            "corpus_id", said("no corpus has the id {id}", id=corpus_id), corpus_id,
            said("the id of a corpus"),
        )  # fmt: skip
    if found is None:
        raise InvalidFields.one(
            "corpus_version_id", said("the corpus has no version {id}", id=version_id), version_id,
            said("the id of one of the corpus' versions"),
        )  # fmt: skip
    return TextSize(characters=found[0], vocabulary_size=found[1])


def _version(session: Session, team_id: str, corpus_id: str, number: int | None) -> CorpusVersion:
    query = (
        select(CorpusVersion)
        .join(Corpus)
        .where(Corpus.id == corpus_id, Corpus.team_id == team_id)
        .order_by(CorpusVersion.number.desc())
        .options(undefer(CorpusVersion.examination))
        .limit(1)
    )
    if number is not None:
        query = query.where(CorpusVersion.number == number)
    found = session.scalars(query).first() if is_id(corpus_id) else None
    if found is None and number is None:
        raise NotFound(said("no corpus has the id {id}", id=corpus_id))
    if found is None:
        raise NotFound(said("the corpus {id} has no version {number}", id=corpus_id, number=number))
    return found
