"""What a view works with: the settings, the database, and whose request it is."""

from dataclasses import dataclass

from flask import current_app

from shared.accounts.models import DEFAULT_TEAM_ID
from shared.db import Database
from shared.jobs.marks import Marks
from shared.settings import Settings
from web.listeners import Listeners


@dataclass(frozen=True)
class Services:
    """The collaborators of every view, made once an application."""

    settings: Settings
    db: Database
    listeners: Listeners
    marks: Marks


def services() -> Services:
    """Return the collaborators of the current application."""
    found: Services = current_app.extensions["charloom"]
    return found


def team_id() -> str:
    """Return the team on whose behalf the request is made: the default one until accounts."""
    return DEFAULT_TEAM_ID
