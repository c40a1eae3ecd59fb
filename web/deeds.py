"""Doing something that the audit log tells of: both in one transaction."""

from collections.abc import Callable
from typing import Any, TypeVar

from flask import g, request
from sqlalchemy.orm import Session

from shared.accounts.audit import Deed, note
from web.api.writing import write
from web.context import principal

T = TypeVar("T")


def do(action: str, work: Callable[[Session], T], subject_id: str | None = None, **told: Any) -> T:
    """Do ``work`` in a transaction, and note in it who did it; ``told`` are the details.

    Without ``subject_id`` it is noted of what ``work`` returns: a row, or one with its secret.
    """
    actor = principal().actor(request.remote_addr)

    def noted(session: Session) -> T:
        done = work(session)
        made = done[0] if isinstance(done, tuple) else done
        subject = subject_id or getattr(made, "id", None)
        note(session, actor, Deed(action, subject, details=dict(told)))
        return done

    done = write(noted)
    # What notes every request has nothing to add.
    g.noted = True
    return done
