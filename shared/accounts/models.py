"""People, teams, and the tokens that act for them; what was done by whom.

Everything that people own belongs to a team, from the first migration.
"""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, CheckConstraint, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from shared.db import ID, Base

# The team that the first migration inserts: that of a machine's only user, and of the
# installation's own token.
DEFAULT_TEAM_ID = "00000000-0000-7000-8000-000000000001"


class Team(Base):
    """Who owns corpora, jobs, models and schedules."""

    __tablename__ = "teams"

    id: Mapped[str] = mapped_column(ID, primary_key=True)
    name: Mapped[str] = mapped_column(unique=True)
    created_at: Mapped[datetime]
    # Its own limits: None where it has those of the installation.
    most_corpora: Mapped[int | None]
    most_corpus_bytes: Mapped[int | None] = mapped_column(BigInteger)
    most_queued_jobs: Mapped[int | None]
    most_running_jobs: Mapped[int | None]
    most_output_characters: Mapped[int | None] = mapped_column(BigInteger)


class User(Base):
    """A person who signs in; ``name`` in lower case, as it is typed there."""

    __tablename__ = "users"
    __table_args__ = (UniqueConstraint("issuer", "subject"),)

    id: Mapped[str] = mapped_column(ID, primary_key=True)
    name: Mapped[str] = mapped_column(unique=True)
    email: Mapped[str | None]
    # Argon2id, with its parameters; null: signs in by a link or through a provider alone.
    password_hash: Mapped[str | None]
    # Administrators may do everything, in every team.
    admin: Mapped[bool]
    # Part of every session: a new one ends them all.
    session_key: Mapped[str]
    # SHA-256 of the secret of a sign-in link, which works once and until then.
    link_sha256: Mapped[str | None] = mapped_column(unique=True)
    link_expires_at: Mapped[datetime | None]
    # Who the person is at an OpenID Connect provider.
    issuer: Mapped[str | None]
    subject: Mapped[str | None]
    created_at: Mapped[datetime]
    disabled_at: Mapped[datetime | None]
    signed_in_at: Mapped[datetime | None]
    memberships: Mapped[list["Membership"]] = relationship(back_populates="user")


class Membership(Base):
    """That somebody is in a team, and as what."""

    __tablename__ = "memberships"
    __table_args__ = (CheckConstraint("role in ('viewer', 'member', 'manager')", name="role"),)

    user_id: Mapped[str] = mapped_column(ID, ForeignKey("users.id", ondelete="CASCADE"),
                                         primary_key=True)  # fmt: skip
    team_id: Mapped[str] = mapped_column(ID, ForeignKey("teams.id", ondelete="CASCADE"),
                                         primary_key=True, index=True)  # fmt: skip
    role: Mapped[str]
    created_at: Mapped[datetime]
    user: Mapped[User] = relationship(back_populates="memberships")
    team: Mapped[Team] = relationship()


class ApiToken(Base):
    """A secret that acts for a user in one team; only its SHA-256 is kept.

    It has 256 random bits, so that a slow hash would protect nothing that a fast one does not.
    """

    __tablename__ = "api_tokens"
    __table_args__ = (
        CheckConstraint("scope in ('read', 'submit', 'manage', 'admin')", name="scope"),
    )

    id: Mapped[str] = mapped_column(ID, primary_key=True)
    user_id: Mapped[str] = mapped_column(ID, ForeignKey("users.id", ondelete="CASCADE"), index=True)
    team_id: Mapped[str] = mapped_column(ID, ForeignKey("teams.id", ondelete="CASCADE"), index=True)
    name: Mapped[str]
    scope: Mapped[str]
    sha256: Mapped[str] = mapped_column(unique=True)
    # Its first characters: by them people tell which of their tokens it is.
    beginning: Mapped[str]
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]
    # To the minute.
    last_used_at: Mapped[datetime | None]
    user: Mapped[User] = relationship()
    team: Mapped[Team] = relationship()


class AuditEntry(Base):
    """That somebody did something, or was refused it.

    Names stand beside ids, and neither refers to a row: an entry outlives what it tells of.
    """

    __tablename__ = "audit_entries"
    __table_args__ = (Index("ix_audit_entries_team_id_id", "team_id", "id"),)

    id: Mapped[str] = mapped_column(ID, primary_key=True)
    created_at: Mapped[datetime] = mapped_column(index=True)
    # Null: nobody signed in, or the installation itself.
    user_id: Mapped[str | None] = mapped_column(ID, index=True)
    user_name: Mapped[str]
    token_id: Mapped[str | None] = mapped_column(ID)
    team_id: Mapped[str | None] = mapped_column(ID)
    # What was done, as ``jobs.cancel``, and to what.
    action: Mapped[str]
    subject_id: Mapped[str | None]
    # ``done``, or ``refused``.
    outcome: Mapped[str]
    address: Mapped[str | None]
    details: Mapped[dict[str, Any]] = mapped_column(JSON)
