"""Who made a job, a corpus or a schedule.

A user's name never changes, and nobody is deleted: so names are asked for once a process.
"""

from collections.abc import Iterable
from threading import Lock
from typing import Any, Protocol

from pydantic import BaseModel

from shared.accounts.queries import names_of
from web.context import services

MOST_KEPT = 10_000


class Maker(BaseModel):
    """A user, as who made something."""

    id: str
    name: str


class Made(Protocol):
    """What somebody made."""

    user_id: Any


class Names:
    """Names of users that were asked for before."""

    def __init__(self) -> None:
        self._names: dict[str, str] = {}
        self._lock = Lock()

    def look_up(self, user_ids: Iterable[str | None]) -> dict[str, str]:
        """Return the names of users by their ids."""
        wanted = {user_id for user_id in user_ids if user_id is not None}
        with self._lock:
            found = {one: self._names[one] for one in wanted if one in self._names}
        if missing := wanted - found.keys():
            with services().db.read() as session:
                new = names_of(session, missing)
            with self._lock:
                if len(self._names) + len(new) > MOST_KEPT:
                    self._names.clear()
                self._names |= new
            found |= new
        return found


names = Names()


def look_up(rows: Iterable[Made]) -> None:
    """Ask for the makers of many rows at once, before each is told."""
    names.look_up(row.user_id for row in rows)


def maker_of(row: Made) -> Maker | None:
    """Return who made something; None for what the installation made, or is older than users."""
    user_id = row.user_id
    name = names.look_up([user_id]).get(user_id)
    return None if name is None else Maker(id=user_id, name=name)
