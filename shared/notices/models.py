"""Receivers, what they are told, and each try to tell them."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from shared.db import ID, Base


class NoticeStatus(StrEnum):
    """Where a notice stands."""

    PENDING = "pending"  # is sent when its next try is due
    DELIVERED = "delivered"  # the receiver took it
    FAILED = "failed"  # refused, or given up after a day


class Receiver(Base):
    """Where notices go: exactly one of ``url`` and ``email`` is set."""

    __tablename__ = "receivers"
    __table_args__ = (
        CheckConstraint("(url is null) <> (email is null)", name="one_address"),
        CheckConstraint("(url is null) = (secret is null)", name="secret"),
    )

    id: Mapped[str] = mapped_column(ID, primary_key=True)
    team_id: Mapped[str] = mapped_column(ID, ForeignKey("teams.id"), index=True)
    name: Mapped[str]
    url: Mapped[str | None]
    email: Mapped[str | None]
    # Signs what goes to the URL.
    secret: Mapped[str | None]
    created_at: Mapped[datetime]


class JobReceiver(Base):
    """A receiver that is told of a job's end."""

    __tablename__ = "job_receivers"

    job_id: Mapped[str] = mapped_column(
        ID, ForeignKey("jobs.id", ondelete="CASCADE"), primary_key=True
    )
    receiver_id: Mapped[str] = mapped_column(
        ID, ForeignKey("receivers.id", ondelete="CASCADE"), primary_key=True, index=True
    )


class ScheduleReceiver(Base):
    """A receiver that is told what came of a schedule's runs."""

    __tablename__ = "schedule_receivers"

    schedule_id: Mapped[str] = mapped_column(
        ID, ForeignKey("schedules.id", ondelete="CASCADE"), primary_key=True
    )
    receiver_id: Mapped[str] = mapped_column(
        ID, ForeignKey("receivers.id", ondelete="CASCADE"), primary_key=True, index=True
    )


class Notice(Base):
    """One message to one receiver about one thing that happened."""

    __tablename__ = "notices"
    __table_args__ = (
        CheckConstraint("status in ('pending', 'delivered', 'failed')", name="status"),
        Index("ix_notices_receiver_id", "receiver_id", "id"),
        Index(
            "ix_notices_pending",
            "next_try_at",
            sqlite_where=text("status = 'pending'"),
            postgresql_where=text("status = 'pending'"),
        ),
    )

    id: Mapped[str] = mapped_column(ID, primary_key=True)
    receiver_id: Mapped[str] = mapped_column(ID, ForeignKey("receivers.id", ondelete="CASCADE"))
    type: Mapped[str]
    # The job's, the schedule's, or the receiver's own for a test.
    subject_id: Mapped[str] = mapped_column(ID)
    subject: Mapped[str]
    # As it is sent, to the byte: it is signed.
    body: Mapped[str]
    status: Mapped[str]
    tries: Mapped[int]
    # In the database's time, as is until when a process sends it: afterwards another may.
    given_up_at: Mapped[float]
    next_try_at: Mapped[float]
    claimed_until: Mapped[float | None]
    created_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]


class Delivery(Base):
    """One try to send a notice, and what came of it."""

    __tablename__ = "deliveries"

    notice_id: Mapped[str] = mapped_column(
        ID, ForeignKey("notices.id", ondelete="CASCADE"), primary_key=True
    )
    # Of the notice's tries, from 1.
    number: Mapped[int] = mapped_column(primary_key=True)
    # HTTP's or SMTP's; None where there was no answer.
    status_code: Mapped[int | None]
    error: Mapped[str | None]
    seconds: Mapped[float]
    created_at: Mapped[datetime]
