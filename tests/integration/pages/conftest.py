"""The pages over a real database, with tickets that are only remembered."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from apiflask import APIFlask

from shared.accounts.models import User
from shared.accounts.queries import get_user
from shared.db import Database
from shared.errors import NotFound
from shared.queue import FakeTickets
from shared.settings import Settings
from tests.integration.pages.site import Site
from tests.support.apps import make_app
from tests.support.on_sqlite import database_url  # noqa: F401  (the API's tests ask both)
from tests.support.pseudo import write_pseudo_language
from tests.support.signing_in import VISITOR, make_user, sign_in

MakeSite = Callable[..., Site]


def visitor(db: Database) -> User:
    """Return the user as whom visitors are signed in, made by the first of a test."""
    try:
        with db.read() as session:
            return get_user(session, VISITOR)
    except NotFound:
        return make_user(db)


@pytest.fixture
def make_site(settings: Settings, tickets: FakeTickets) -> Iterator[MakeSite]:
    """Make a visitor of an application whose settings differ in what is given.

    It is signed in as a manager of the default team.
    """
    apps: list[APIFlask] = []

    def make(**changes: Any) -> Site:
        app = make_app(settings.model_copy(update=changes), tickets)
        apps.append(app)
        client = app.test_client()
        sign_in(client, visitor(app.extensions["charloom"].db))
        return Site(client)

    yield make
    for app in apps:
        app.extensions["charloom"].db.close()


@pytest.fixture
def site(make_site: MakeSite) -> Site:
    """A visitor."""
    return make_site()


@pytest.fixture(scope="session")
def brackets(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a language in which every message stands in brackets."""
    folder = tmp_path_factory.mktemp("brackets")
    write_pseudo_language(folder)
    return folder


@pytest.fixture
def bracketed(make_site: MakeSite, brackets: Path) -> Site:
    """A visitor who reads that language."""
    site = make_site()
    app = site.client.application
    app.extensions["babel"].translation_directories[:] = [str(brackets)]
    site.client.set_cookie("language", "zh")
    return site
