"""Named models: what a name's promoted checkpoint is, and how it came to be."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from shared.db import ID, Base


class Action(StrEnum):
    """What was decided about a checkpoint."""

    PROMOTED = "promoted"  # it became the model's
    KEPT = "kept"  # it was judged, and another stayed the model's
    ROLLED_BACK = "rolled_back"  # it was the model's before, and is again


class NamedModel(Base):
    """A name with a promoted checkpoint, and the frozen text by which checkpoints are judged."""

    __tablename__ = "models"
    __table_args__ = (UniqueConstraint("team_id", "name"),)

    id: Mapped[str] = mapped_column(ID, primary_key=True)
    team_id: Mapped[str] = mapped_column(ID, ForeignKey("teams.id"))
    name: Mapped[str]
    # None until a first one is promoted.
    checkpoint_id: Mapped[str | None] = mapped_column(ID, ForeignKey("checkpoints.id"), index=True)
    # Set with the first judgement, and never changed: figures of years can be compared.
    held_out_blob_id: Mapped[str | None] = mapped_column(ID, ForeignKey("blobs.id"), index=True)
    # What a run must win by, in bits a character, and the most it may copy, to be promoted.
    margin: Mapped[float]
    most_copied: Mapped[float]
    created_at: Mapped[datetime]


class ModelJob(Base):
    """A job that works for a model: it trains a candidate, or writes with the promoted one."""

    __tablename__ = "model_jobs"

    job_id: Mapped[str] = mapped_column(
        ID, ForeignKey("jobs.id", ondelete="CASCADE"), primary_key=True
    )
    model_id: Mapped[str] = mapped_column(
        ID, ForeignKey("models.id", ondelete="CASCADE"), index=True
    )


class Decision(Base):
    """One line of a model's history: what was decided about a checkpoint, and why."""

    __tablename__ = "decisions"
    __table_args__ = (
        CheckConstraint("action in ('promoted', 'kept', 'rolled_back')", name="action"),
        Index("ix_decisions_model_id", "model_id", "id"),
    )

    id: Mapped[str] = mapped_column(ID, primary_key=True)
    model_id: Mapped[str] = mapped_column(ID, ForeignKey("models.id", ondelete="CASCADE"))
    # Gone with the checkpoint's job; the figures stay.
    checkpoint_id: Mapped[str | None] = mapped_column(
        ID, ForeignKey("checkpoints.id", ondelete="SET NULL"), index=True
    )
    action: Mapped[str]
    reason: Mapped[str]
    by_hand: Mapped[bool]
    bits_per_character: Mapped[float | None]
    # Of the checkpoint that was the model's at that time, on the same text.
    promoted_bits_per_character: Mapped[float | None]
    longest_copy: Mapped[int | None]
    copied_share: Mapped[float | None]
    created_at: Mapped[datetime]
