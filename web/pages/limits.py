"""What a team may have and what it has: a panel, and a page of it."""

from dataclasses import dataclass

from apiflask import APIBlueprint
from flask import render_template
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from shared.limits.models import Standing
from shared.limits.queries import standing
from web import context
from web.messages import _l
from web.pages.words import NONE, Words, number, size

limits = APIBlueprint("limits", __name__, url_prefix="/limits", enable_openapi=False)

NAMES: Words = {
    "corpora": _l("Corpora"),
    "corpus_bytes": _l("Size of all corpora"),
    "queued_jobs": _l("Jobs that wait"),
    "running_jobs": _l("Jobs that run"),
    "output_characters": _l("Characters that one job writes"),
}
# Shown as sizes; all others are counts.
BYTES = {"corpus_bytes"}


@dataclass(frozen=True)
class Row:
    """A limit as the panel shows it; ``share`` of it is used, where that can be told."""

    name: str
    label: str
    used: str
    limit: str
    own: bool
    share: float | None

    @classmethod
    def of(cls, found: Standing) -> "Row":
        """Return a limit in words."""
        words = size if found.name in BYTES else number
        used = NONE if found.used is None else words(found.used)
        share = None if found.used is None else min(1.0, found.used / max(1, found.limit))
        label = str(NAMES[found.name])
        return cls(found.name, label, used, words(found.limit), found.own, share)


def rows_of(session: Session, team_id: str) -> list[Row]:
    """Return what ``_limits.html`` shows of a team, as ``limits``."""
    return [Row.of(found) for found in standing(session, team_id, context.limits())]


@limits.get("")
def show() -> ResponseReturnValue:
    """Show what the team may have and what it has."""
    with context.services().db.read() as session:
        return render_template("limits.html", limits=rows_of(session, context.team_id()))
