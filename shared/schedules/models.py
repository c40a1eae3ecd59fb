"""Schedules, and what became of each time at which one was due."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import JSON, CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from shared.db import ID, Base
from shared.schedules.timing import Timing


class RunStatus(StrEnum):
    """Where a run of a schedule stands."""

    WAITING = "waiting"  # for the run before it to end
    DUE = "due"  # its text is looked at next
    RUNNING = "running"  # its training job does
    SUCCEEDED = "succeeded"  # trained and judged; the reason says what was decided
    FAILED = "failed"  # its training job did, or its text could not be had
    CANCELLED = "cancelled"  # by its owner, or another run took its place
    SKIPPED = "skipped"  # nothing was done, for the reason that is given


ACTIVE = (RunStatus.DUE, RunStatus.RUNNING)


class Schedule(Base):
    """What to retrain, and when."""

    __tablename__ = "schedules"
    __table_args__ = (
        CheckConstraint("start_from in ('scratch', 'promoted', 'last')", name="start_from"),
        CheckConstraint("overlap in ('skip', 'queue', 'replace')", name="overlap"),
        CheckConstraint("missed in ('newest', 'none')", name="missed"),
        Index(
            "ix_schedules_due",
            "next_due_at",
            sqlite_where=text("enabled"),
            postgresql_where=text("enabled"),
        ),
    )

    id: Mapped[str] = mapped_column(ID, primary_key=True)
    team_id: Mapped[str] = mapped_column(ID, ForeignKey("teams.id"), index=True)
    # Who made it; null: the installation itself, or nobody knows.
    user_id: Mapped[str | None] = mapped_column(ID)
    name: Mapped[str]
    enabled: Mapped[bool]
    cron: Mapped[str]
    time_zone: Mapped[str]
    # The first time that has not been fired; only firing and changes of the timing move it.
    next_due_at: Mapped[datetime]
    corpus_id: Mapped[str] = mapped_column(ID, ForeignKey("corpora.id"), index=True)
    # Where the text is fetched again from, how it is cleaned, and what its server called its state.
    url: Mapped[str | None]
    cleaning: Mapped[dict[str, bool]] = mapped_column(JSON)
    validators: Mapped[dict[str, Any] | None] = mapped_column(JSON)
    model_id: Mapped[str] = mapped_column(ID, ForeignKey("models.id"), index=True)
    training: Mapped[dict[str, Any]] = mapped_column(JSON)
    start_from: Mapped[str]
    generation: Mapped[dict[str, Any] | None] = mapped_column(JSON)
    overlap: Mapped[str]
    missed: Mapped[str]
    created_at: Mapped[datetime]

    runs: Mapped[list["ScheduleRun"]] = relationship(back_populates="schedule", lazy="raise")

    @property
    def timing(self) -> Timing:
        """The cron line in its time zone."""
        return Timing(self.cron, self.time_zone)


class ScheduleRun(Base):
    """What became of one time at which a schedule was due; there is one a time."""

    __tablename__ = "schedule_runs"
    __table_args__ = (
        UniqueConstraint("schedule_id", "due_at"),
        CheckConstraint(
            "status in ('waiting', 'due', 'running', 'succeeded', 'failed', 'cancelled', "
            "'skipped')",
            name="status",
        ),
        Index(
            "ix_schedule_runs_open",
            "schedule_id",
            sqlite_where=text("status in ('waiting', 'due', 'running')"),
            postgresql_where=text("status in ('waiting', 'due', 'running')"),
        ),
    )

    id: Mapped[str] = mapped_column(ID, primary_key=True)
    schedule_id: Mapped[str] = mapped_column(ID, ForeignKey("schedules.id", ondelete="CASCADE"))
    due_at: Mapped[datetime]
    by_hand: Mapped[bool]
    status: Mapped[str]
    reason: Mapped[str]
    corpus_version_id: Mapped[str | None] = mapped_column(
        ID, ForeignKey("corpus_versions.id"), index=True
    )
    # Both are gone when the jobs are deleted; what was decided stays.
    job_id: Mapped[str | None] = mapped_column(
        ID, ForeignKey("jobs.id", ondelete="SET NULL"), index=True
    )
    generation_job_id: Mapped[str | None] = mapped_column(
        ID, ForeignKey("jobs.id", ondelete="SET NULL"), index=True
    )
    # Until when a process looks at the run's text: afterwards another may.
    claimed_until: Mapped[float | None]
    created_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]

    schedule: Mapped[Schedule] = relationship(back_populates="runs", lazy="raise")
