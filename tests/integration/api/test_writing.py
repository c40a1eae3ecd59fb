"""Writing where another request gets in between."""

from collections.abc import Callable, Iterator

import pytest
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from shared.accounts.models import DEFAULT_TEAM_ID, Team
from shared.db import now
from tests.integration.api.client import Api
from web.api.writing import write


@pytest.fixture(autouse=True)
def _in_an_application(api: Api) -> Iterator[None]:
    """Let ``write`` find the database."""
    with api.client.application.app_context():
        yield


def taken(session: Session) -> None:
    """Break a unique constraint."""
    session.add(Team(id=DEFAULT_TEAM_ID, name="again", created_at=now()))


def name_of_team(session: Session) -> str:
    """Return the team's name."""
    return session.get_one(Team, DEFAULT_TEAM_ID).name


def test_a_second_try_follows_a_broken_constraint() -> None:
    """What the other request wrote is seen then."""
    tries: list[Callable[[Session], str | None]] = [taken, name_of_team]
    assert write(lambda session: tries.pop(0)(session)) == "default"


def test_there_is_no_third_try() -> None:
    """A constraint that stays broken is an error."""
    with pytest.raises(IntegrityError):
        write(taken)
