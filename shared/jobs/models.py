"""Jobs and what they leave behind: events, epoch records, samples, outputs."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    CheckConstraint,
    ForeignKey,
    Index,
    UniqueConstraint,
    false,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from shared.db import ID, Base, Word


class Kind(StrEnum):
    """What a job does."""

    TRAIN = "train"
    GENERATE = "generate"
    SCORE = "score"  # how likely each character of a text is
    VERIFY = "verify"  # whether a receipt's text is written again
    IMPORT = "import"  # a checkpoint of a model that was made elsewhere


# Small jobs whose result is an answer to whoever asked, and is kept for a day only.
ANSWERS = (Kind.SCORE, Kind.VERIFY)
# True of their rows: in the words of their index, without a parameter.
IS_ANSWER = "kind in ('score', 'verify')"
# True of training jobs' rows, in the words of theirs.
IS_TRAINING = "kind = 'train'"
# True of those that ask something of their node, in the words of their index.
HAS_NEEDS = "needs_key <> ''"
# The keys of what the writing desk lets write begin so: nobody looks for those jobs by themselves.
DESK_KEYS = "desk-"
# Which workers run a kind: what reads and writes with a model, the same ones.
QUEUES = {
    Kind.TRAIN: "train",
    Kind.GENERATE: "generate",
    Kind.SCORE: "generate",
    Kind.VERIFY: "generate",
    Kind.IMPORT: "generate",
}


class Status(StrEnum):
    """Where a job stands."""

    QUEUED = "queued"  # waits for a worker
    RUNNING = "running"  # a worker holds its lease
    PAUSED = "paused"  # stopped by its owner, with a resume state
    SUCCEEDED = "succeeded"  # did all its spec asks for
    FAILED = "failed"  # ended by an error, or lost its worker too often
    CANCELLED = "cancelled"  # ended by its owner


ENDED = (Status.SUCCEEDED, Status.FAILED, Status.CANCELLED)


def _where(condition: str) -> dict[str, Any]:
    """Return the options of an index over those rows alone."""
    return {"sqlite_where": text(condition), "postgresql_where": text(condition)}


class Job(Base):
    """One run of a spec. Only ``shared.jobs.services`` changes ``status``."""

    __tablename__ = "jobs"
    __table_args__ = (
        UniqueConstraint("team_id", "idempotency_key"),
        CheckConstraint("kind in ('train', 'generate', 'score', 'verify', 'import')", name="kind"),
        CheckConstraint(
            "status in ('queued', 'running', 'paused', 'succeeded', 'failed', 'cancelled')",
            name="status",
        ),
        CheckConstraint("requested in ('cancel', 'pause')", name="requested"),
        # A team's order, over waiting jobs alone: it stays small however many have ended.
        Index(
            "ix_jobs_claim",
            "team_id",
            "queue",
            "needs_key",
            text("priority DESC"),
            "id",
            **_where("status = 'queued'"),
        ),
        # Which needs there are among those that wait: mostly none.
        Index(
            "ix_jobs_needs", "queue", "needs_key", **_where(f"status = 'queued' AND {HAS_NEEDS}")
        ),
        # How many wait on each queue, and since when: asked for every few seconds.
        Index("ix_jobs_waiting", "queue", "created_at", **_where("status = 'queued'")),
        # A team's list, newest first, where nearly all jobs are others' or stand otherwise.
        Index("ix_jobs_team", "team_id", "id"),
        # With the kind, so that PostgreSQL counts all jobs by kind and status from it alone. As a
        # key the kind would keep SQLite from the index of answers.
        Index("ix_jobs_standing", "team_id", "status", "id", postgresql_include=["kind"]),
        # How many of a team run: asked for at each claim.
        Index("ix_jobs_running", "team_id", **_where("status = 'running'")),
        Index("ix_jobs_lease", "lease_until", **_where("status = 'running'")),
        # Which answers are old: looked for every few seconds.
        Index("ix_jobs_answers", "finished_at", **_where(IS_ANSWER)),
        # The latest training jobs, whose speed estimates go by: answers may be thousands.
        Index("ix_jobs_training", "id", **_where(IS_TRAINING)),
    )

    id: Mapped[str] = mapped_column(ID, primary_key=True)
    team_id: Mapped[str] = mapped_column(ID, ForeignKey("teams.id"))
    # Who made it; null: the installation itself, or nobody knows.
    user_id: Mapped[str | None] = mapped_column(ID)
    kind: Mapped[str]
    queue: Mapped[str]
    name: Mapped[str]
    status: Mapped[str] = mapped_column(Word)
    requested: Mapped[str | None]
    priority: Mapped[int]
    # What it asks of its node: see shared.nodes.needs.
    needs_key: Mapped[str] = mapped_column(default="", server_default="")
    # The text that a training run reads, or that a generation run's model was trained on: None
    # where that was elsewhere.
    corpus_version_id: Mapped[str | None] = mapped_column(
        ID, ForeignKey("corpus_versions.id"), index=True
    )
    # What a training run starts from, or what a generation run writes with.
    # use_alter: jobs and checkpoints refer to each other.
    checkpoint_id: Mapped[str | None] = mapped_column(
        ID, ForeignKey("checkpoints.id", use_alter=True), index=True
    )
    preset: Mapped[str | None]
    spec: Mapped[dict[str, Any]] = mapped_column(JSON)
    progress: Mapped[dict[str, Any]] = mapped_column(JSON)
    attempt: Mapped[int]
    losses: Mapped[int]
    max_losses: Mapped[int]
    worker: Mapped[str | None]
    lease_until: Mapped[float | None]
    event_seq: Mapped[int]
    error_code: Mapped[str | None]
    error_message: Mapped[str | None]
    idempotency_key: Mapped[str | None]
    request_sha256: Mapped[str | None]
    created_at: Mapped[datetime]
    started_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]


class Turn(Base):
    """How far a team's turns on a queue have come: see ``shared.jobs.turns``."""

    __tablename__ = "turns"

    team_id: Mapped[str] = mapped_column(
        ID, ForeignKey("teams.id", ondelete="CASCADE"), primary_key=True
    )
    queue: Mapped[str] = mapped_column(primary_key=True)
    at: Mapped[int] = mapped_column(BigInteger)


class Event(Base):
    """One thing that happened to a job; ``seq`` is gapless per job."""

    __tablename__ = "events"
    __table_args__ = (
        # What a job's page lists: it passes over thousands of events of pieces.
        Index("ix_events_told", "job_id", "seq", **_where("type <> 'text'")),
    )

    job_id: Mapped[str] = mapped_column(
        ID, ForeignKey("jobs.id", ondelete="CASCADE"), primary_key=True
    )
    seq: Mapped[int] = mapped_column(primary_key=True)
    type: Mapped[str]
    data: Mapped[dict[str, Any]] = mapped_column(JSON)
    created_at: Mapped[datetime]


class Epoch(Base):
    """The record of one epoch: losses in nats a character, speed and duration."""

    __tablename__ = "epochs"

    job_id: Mapped[str] = mapped_column(
        ID, ForeignKey("jobs.id", ondelete="CASCADE"), primary_key=True
    )
    epoch: Mapped[int] = mapped_column(primary_key=True)
    attempt: Mapped[int]
    loss: Mapped[float]
    val_loss: Mapped[float | None]
    accuracy: Mapped[float]
    val_accuracy: Mapped[float | None]
    seconds: Mapped[float]
    characters_per_second: Mapped[float]
    # The last step's: None of epochs from before it was kept.
    learning_rate: Mapped[float | None]
    # Who trained it: None of epochs from before that was kept.
    worker: Mapped[str | None]
    created_at: Mapped[datetime]


class Sample(Base):
    """Text drawn from a model after an epoch, while it trains; one at each temperature."""

    __tablename__ = "samples"
    # A page needs some epochs' of very many, or which temperatures there are, and no text for it.
    __table_args__ = (Index("ix_samples_epochs", "job_id", "epoch", "temperature"),)

    id: Mapped[str] = mapped_column(ID, primary_key=True)
    job_id: Mapped[str] = mapped_column(ID, ForeignKey("jobs.id", ondelete="CASCADE"))
    epoch: Mapped[int]
    attempt: Mapped[int]
    temperature: Mapped[float]
    prompt: Mapped[str]
    text: Mapped[str]
    rng_seed: Mapped[int] = mapped_column(BigInteger)
    # What of it stands word for word in the corpus: None where nobody looked.
    copying: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    # Whether a reader marked it as worth keeping.
    starred: Mapped[bool] = mapped_column(default=False, server_default=false())
    created_at: Mapped[datetime]


class Output(Base):
    """Text drawn by a generation job; long texts live in a blob, short ones in the row."""

    __tablename__ = "outputs"
    __table_args__ = (UniqueConstraint("job_id", "number"),)

    id: Mapped[str] = mapped_column(ID, primary_key=True)
    job_id: Mapped[str] = mapped_column(ID, ForeignKey("jobs.id", ondelete="CASCADE"))
    number: Mapped[int]
    attempt: Mapped[int]
    temperature: Mapped[float]
    prompt: Mapped[str]
    prompt_report: Mapped[dict[str, Any]] = mapped_column(JSON)
    text: Mapped[str | None]
    blob_id: Mapped[str | None] = mapped_column(ID, ForeignKey("blobs.id"), index=True)
    characters: Mapped[int] = mapped_column(BigInteger)
    rng_seed: Mapped[int] = mapped_column(BigInteger)
    finish_reason: Mapped[str]
    # What of it stands word for word in the corpus: None where nobody looked.
    copying: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    # All that it takes to write it again: None of texts from before there were any.
    receipt: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    created_at: Mapped[datetime]


class OutputPiece(Base):
    """A part of a text that is being written; of a finished one none is left."""

    __tablename__ = "output_pieces"

    job_id: Mapped[str] = mapped_column(
        ID, ForeignKey("jobs.id", ondelete="CASCADE"), primary_key=True
    )
    # The text's, from 1.
    number: Mapped[int] = mapped_column(primary_key=True)
    # Characters before it.
    start: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    text: Mapped[str]


class JobFile(Base):
    """What a job was given to read, or what came of it, where that is no row of its own."""

    __tablename__ = "job_files"
    __table_args__ = (CheckConstraint("role in ('input', 'result')", name="role"),)

    job_id: Mapped[str] = mapped_column(
        ID, ForeignKey("jobs.id", ondelete="CASCADE"), primary_key=True
    )
    role: Mapped[str] = mapped_column(primary_key=True)
    blob_id: Mapped[str] = mapped_column(ID, ForeignKey("blobs.id"), index=True)
