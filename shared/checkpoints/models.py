"""Checkpoints and resume states: what a run leaves behind that a model can be made from."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from shared.db import ID, Base


class Checkpoint(Base):
    """A model after an epoch: a plain ``.keras`` file, its vocabulary and its spec."""

    __tablename__ = "checkpoints"
    __table_args__ = (UniqueConstraint("job_id", "epoch"),)

    id: Mapped[str] = mapped_column(ID, primary_key=True)
    job_id: Mapped[str] = mapped_column(ID, ForeignKey("jobs.id", ondelete="CASCADE"))
    epoch: Mapped[int]
    attempt: Mapped[int]
    # None of a model that was trained elsewhere.
    loss: Mapped[float | None]
    val_loss: Mapped[float | None]
    best: Mapped[bool]
    bytes: Mapped[int] = mapped_column(BigInteger)
    sha256: Mapped[str]
    blob_id: Mapped[str] = mapped_column(ID, ForeignKey("blobs.id"), index=True)
    vocabulary: Mapped[str]
    spec: Mapped[dict[str, Any]] = mapped_column(JSON)
    # None of a model that was trained elsewhere.
    corpus_version_id: Mapped[str | None] = mapped_column(
        ID, ForeignKey("corpus_versions.id"), index=True
    )
    created_at: Mapped[datetime]


class ResumeState(Base):
    """What a run needs to go on exactly where it stopped; one a job, replaced whole."""

    __tablename__ = "resume_states"

    job_id: Mapped[str] = mapped_column(
        ID, ForeignKey("jobs.id", ondelete="CASCADE"), primary_key=True
    )
    attempt: Mapped[int]
    blob_id: Mapped[str] = mapped_column(ID, ForeignKey("blobs.id"), index=True)
    created_at: Mapped[datetime]
