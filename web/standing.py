"""Whether somebody who was let in still would be: asked again while a long answer goes on."""

import threading
import time
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from shared.accounts.models import Membership, User
from shared.accounts.tokens import still_works
from shared.db import Database

# Many who listen with one token, or in one session, are asked about once in that time.
FRESH_SECONDS = 2.0
MOST_KEPT = 1024


@dataclass(frozen=True)
class Standing:
    """What somebody was let in by. The installation's own token has neither user nor token."""

    team_id: str
    user_id: str | None = None
    token_id: str | None = None
    session_key: str | None = None

    def holds(self, session: Session) -> bool:
        """Tell whether the token works, or the session goes on, and the user is in the team."""
        if self.user_id is None:
            return True
        user = session.get(User, self.user_id)
        if user is None or user.disabled_at is not None:
            return False
        if self.session_key not in (None, user.session_key):
            return False
        if self.token_id is not None and not still_works(session, self.token_id):
            return False
        return self._is_in_team(session, user)

    def _is_in_team(self, session: Session, user: User) -> bool:
        mine = (Membership.user_id == user.id, Membership.team_id == self.team_id)
        return user.admin or session.scalar(select(Membership.role).where(*mine)) is not None


class Standings:
    """Asks the database whether standings hold, each at most every few seconds."""

    def __init__(self, db: Database):
        self._db = db
        self._lock = threading.Lock()
        self._known: dict[Standing, tuple[float, bool]] = {}

    def hold(self, standing: Standing) -> bool:
        """Tell whether a standing holds."""
        with self._lock:
            asked, found = self._known.get(standing, (float("-inf"), False))
        if time.monotonic() - asked < FRESH_SECONDS:
            return found
        with self._db.read() as session:
            found = standing.holds(session)
        with self._lock:
            if len(self._known) >= MOST_KEPT:
                self._known.clear()
            self._known[standing] = (time.monotonic(), found)
        return found
