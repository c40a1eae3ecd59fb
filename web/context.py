"""What a view works with: the settings, the database, and whose request it is."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from flask import current_app, g

from shared.db import Database
from shared.errors import Forbidden
from shared.jobs.marks import Marks
from shared.jobs.submissions import Submitter
from shared.limits.models import Limits
from shared.settings import Settings
from web.principals import Principal

if TYPE_CHECKING:
    # It tells events as the API does, whose views use this module.
    from web.fleet import Fleets
    from web.listeners import Listeners


@dataclass(frozen=True)
class Services:
    """The collaborators of every view, made once an application."""

    settings: Settings
    db: Database
    listeners: "Listeners"
    marks: Marks
    fleets: "Fleets"


def services() -> Services:
    """Return the collaborators of the current application."""
    found: Services = current_app.extensions["charloom"]
    return found


def principal() -> Principal:
    """Return on whose behalf the request is made: ``web.access`` has let them in.

    Raises ``Forbidden`` where the view is open to anyone, and nobody was asked for.
    """
    found: Principal | None = g.get("principal")
    if found is None:
        raise Forbidden
    return found


def limits() -> Limits:
    """Return what each team may have unless its row says otherwise."""
    return services().settings.limits()


def team_id() -> str:
    """Return the team in which they act: it owns what they make, and all they see is its."""
    found = principal().team_id
    if found is None:
        raise Forbidden
    return found


def user_id() -> str | None:
    """Return the user who acts, or None for the installation itself."""
    return principal().user_id


def submitter(key: str | None = None) -> Submitter:
    """Return whose job a submission is, with the key that keeps it from being made twice."""
    return Submitter(team_id(), services().settings.max_losses, key, user_id(), limits())
