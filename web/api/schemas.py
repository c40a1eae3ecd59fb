"""What the API answers: the fields of the design, exactly. More may be added, none renamed."""

from datetime import datetime
from typing import Any, Literal, Self

from flask import url_for
from pydantic import BaseModel, ConfigDict, Field

from shared.checkpoints import models as checkpoints
from shared.corpora import models as corpora
from shared.jobs import models as jobs
from shared.nodes.needs import told as told_needs
from shared.pages import Page
from web.fleet import reason_of
from web.makers import Maker, look_up, maker_of


class Answer(BaseModel):
    """The base of all answers: filled from rows of the database."""

    model_config = ConfigDict(from_attributes=True)


class Listed(Answer):
    """The base of all lists."""

    has_more: bool = Field(description="Whether more rows follow the last one.")


MADE_BY = Field(description="Null: nobody, as where it was made with the installation's token.")


class CorpusVersion(Answer):
    """One cleaned text."""

    id: str
    number: int
    sha256: str = Field(description="Of the cleaned text's UTF-8 bytes.")
    characters: int
    vocabulary_size: int
    source: str
    report: dict[str, Any] = Field(description="What cleaning found.")
    created_at: datetime


class Corpus(Answer):
    """A named text."""

    id: str
    name: str
    created_at: datetime
    created_by: Maker | None = MADE_BY
    latest_version: CorpusVersion
    links: dict[str, str]

    @classmethod
    def of(cls, row: corpora.Corpus) -> Self:
        """Return a corpus as it is told."""
        links = {
            "self": url_for("corpora.show", corpus_id=row.id),
            "versions": url_for("corpora.add_one_version", corpus_id=row.id),
            "text": url_for("corpora.text", corpus_id=row.id),
            "report": url_for("corpora.report", corpus_id=row.id),
        }
        fields = row_fields(row, cls, "created_by", "links")
        return cls(**fields, created_by=maker_of(row), links=links)


class CorpusDetail(Corpus):
    """A named text with all its versions, oldest first."""

    versions: list[CorpusVersion]


class CorpusPage(Listed):
    """Corpora, newest first."""

    data: list[Corpus]

    @classmethod
    def of(cls, rows: Page[corpora.Corpus]) -> Self:
        """Return a page of corpora."""
        look_up(rows.data)
        return cls(data=[Corpus.of(row) for row in rows.data], has_more=rows.has_more)


class Progress(BaseModel):
    """How far a job is: of training, epochs and steps; of generation, characters as steps."""

    epoch: int = 0
    epochs: int = 0
    step: int = 0
    steps: int = 0
    fraction: float = 0.0
    eta_seconds: float | None = None


class JobError(BaseModel):
    """Why a job failed."""

    code: str
    message: str


class Needed(BaseModel):
    """What a job asks of the node that runs it."""

    gpu: bool
    memory_bytes: int | None
    label: str | None


class Job(Answer):
    """One run of a spec."""

    id: str
    kind: Literal["train", "generate", "score", "verify", "import"]
    name: str
    status: Literal["queued", "running", "paused", "succeeded", "failed", "cancelled"]
    requested: Literal["cancel", "pause"] | None
    priority: int
    needs: Needed | None = Field(description="What it asks of its node; null: nothing.")
    waiting_reason: str | None = Field(
        description="Why it waits, where no worker that is there can serve it."
    )
    corpus_version_id: str | None = Field(description="null where the model was trained elsewhere.")
    checkpoint_id: str | None
    preset: str | None
    spec: dict[str, Any]
    progress: Progress
    attempt: int
    losses: int
    max_losses: int
    worker: str | None
    created_at: datetime
    created_by: Maker | None = MADE_BY
    started_at: datetime | None
    finished_at: datetime | None
    error: JobError | None
    links: dict[str, str]

    @classmethod
    def of(cls, row: jobs.Job) -> Self:
        """Return a job as it is told."""
        error = row.error_code and JobError(code=row.error_code, message=row.error_message or "")
        told = {
            "progress": Progress.model_validate(row.progress),
            "created_by": maker_of(row),
            "needs": told_needs(row.needs_key),
            "waiting_reason": reason_of(row),
            "error": error or None,
            "links": _job_links(row),
        }
        return cls(**row_fields(row, cls, *told), **told)


class JobPage(Listed):
    """Jobs, newest first."""

    data: list[Job]

    @classmethod
    def of(cls, rows: Page[jobs.Job]) -> Self:
        """Return a page of jobs."""
        look_up(rows.data)
        return cls(data=[Job.of(row) for row in rows.data], has_more=rows.has_more)


class Event(Answer):
    """One thing that happened to a job."""

    seq: int
    type: str
    created_at: datetime
    data: dict[str, Any] = Field(
        description="Of `text`: `pieces`, what texts went on with: each with the text's `number`, "
        "the piece's place in characters (`start`, `characters`) and in bytes of UTF-8 "
        "(`start_byte`, `bytes`), and its `text`: null once `outputs_discarded` named the number."
    )


class EventPage(Listed):
    """Events, oldest first."""

    data: list[Event]

    @classmethod
    def of(cls, rows: Page[jobs.Event], data: list[dict[str, Any]]) -> Self:
        """Return a page of events, each with what it tells."""
        told = [
            Event(**row_fields(row, Event, "data"), data=tells)
            for row, tells in zip(rows.data, data, strict=True)
        ]
        return cls(data=told, has_more=rows.has_more)


class Epoch(Answer):
    """The record of one epoch; losses in nats a character."""

    epoch: int
    loss: float
    val_loss: float | None
    accuracy: float
    val_accuracy: float | None
    seconds: float
    characters_per_second: float
    learning_rate: float | None = Field(
        description="Of the epoch's last step; null of epochs from before it was kept."
    )
    created_at: datetime


class EpochPage(Listed):
    """Epoch records, oldest first."""

    data: list[Epoch]


class Checkpoint(Answer):
    """A model after an epoch."""

    id: str
    job_id: str
    epoch: int
    loss: float | None = Field(description="null of a model that was trained elsewhere.")
    val_loss: float | None
    best: bool
    bytes: int
    sha256: str
    created_at: datetime
    links: dict[str, str]

    @classmethod
    def of(cls, row: checkpoints.Checkpoint) -> Self:
        """Return a checkpoint as it is told."""
        links = {
            "self": url_for("checkpoints.show", checkpoint_id=row.id),
            "job": url_for("jobs.show", job_id=row.job_id),
            "model": url_for("checkpoints.model", checkpoint_id=row.id),
            "bundle": url_for("checkpoints.bundle", checkpoint_id=row.id),
        }
        return cls(**row_fields(row, cls, "links"), links=links)


class CheckpointPage(Listed):
    """Checkpoints, oldest first."""

    data: list[Checkpoint]

    @classmethod
    def of(cls, rows: Page[checkpoints.Checkpoint]) -> Self:
        """Return a page of checkpoints."""
        return cls(data=[Checkpoint.of(row) for row in rows.data], has_more=rows.has_more)


def row_fields(row: object, model: type[BaseModel], *others: str) -> dict[str, Any]:
    """Return what a row has under the names of the model's fields, but ``others``."""
    return {name: getattr(row, name) for name in model.model_fields if name not in others}


def _job_links(row: jobs.Job) -> dict[str, str]:
    links = {"self": url_for("jobs.show", job_id=row.id)}
    if row.kind in jobs.ANSWERS:
        events = url_for("records.events", job_id=row.id)
        return links | {"events": events, "result": url_for("answers.result", job_id=row.id)}
    if row.kind == jobs.Kind.IMPORT:
        names = "events", "checkpoints"
        return links | {name: url_for(f"records.{name}", job_id=row.id) for name in names}
    downloads = {
        jobs.Kind.TRAIN: ("samples_txt", "samples_jsonl"),
        jobs.Kind.GENERATE: ("output_txt", "output_jsonl", "output_zip"),
    }
    every = "events", "epochs", "checkpoints", "samples", "outputs", *downloads[jobs.Kind(row.kind)]
    return links | {name: url_for(f"records.{name}", job_id=row.id) for name in every}
