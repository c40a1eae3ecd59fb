"""The audit log: who did what, or was refused it."""

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from shared.accounts.models import AuditEntry
from shared.db import Database, now
from shared.ids import new_id
from shared.redaction import redact

DONE, REFUSED = "done", "refused"
# Old entries are deleted some at a time: who writes meanwhile shall not wait long.
AT_ONCE = 500


@dataclass(frozen=True)
class Actor:
    """Who acts: a user, by a token or not, in a team, from an address."""

    name: str
    user_id: str | None = None
    token_id: str | None = None
    team_id: str | None = None
    address: str | None = None


# What is done at its times, for whoever made it.
SCHEDULE = "schedule"
# Not signed in.
NOBODY = Actor("nobody")
# The command on the machine itself, and whoever holds the installation's token.
INSTALLATION = Actor("installation")
# By these the log tells of no user at all.
RESERVED = (INSTALLATION.name, NOBODY.name, SCHEDULE)


@dataclass(frozen=True)
class Deed:
    """What was done: ``action`` as ``jobs.cancel``, and to what. No secrets in ``details``."""

    action: str
    subject_id: str | None = None
    outcome: str = DONE
    details: dict[str, Any] = field(default_factory=dict)


def note(session: Session, actor: Actor, deed: Deed) -> AuditEntry:
    """Add an entry. What people named may be a secret in a wrong place: it is not kept."""
    told = {name: _safe(value) for name, value in deed.details.items()}
    entry = AuditEntry(
        id=new_id(),
        created_at=now(),
        user_id=actor.user_id,
        user_name=actor.name,
        token_id=actor.token_id,
        team_id=actor.team_id,
        action=deed.action,
        subject_id=_safe(deed.subject_id),
        outcome=deed.outcome,
        address=actor.address,
        details=told,
    )
    session.add(entry)
    return entry


def _safe(value: Any) -> Any:
    return redact(value) if isinstance(value, str) else value


def forget_entries(db: Database, days: float) -> int:
    """Delete entries that are older than that, some at a time; return how many.

    Looked for without a lock first: as a rule there is none.
    """
    old = select(AuditEntry.id).where(AuditEntry.created_at < now() - timedelta(days=days))
    with db.read() as session:
        ids = session.scalars(old.order_by(AuditEntry.created_at).limit(AT_ONCE)).all()
    if ids:
        with db.write() as session:
            session.execute(delete(AuditEntry).where(AuditEntry.id.in_(ids)))
    return len(ids)
