"""The pages over a real database, with tickets that are only remembered."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from apiflask import APIFlask

from shared.queue import FakeTickets
from shared.settings import Settings
from tests.integration.pages.site import Site
from tests.support.apps import make_app

MakeSite = Callable[..., Site]


@pytest.fixture
def make_site(settings: Settings, tickets: FakeTickets) -> Iterator[MakeSite]:
    """Make a visitor of an application whose settings differ in what is given."""
    apps: list[APIFlask] = []

    def make(**changes: Any) -> Site:
        app = make_app(settings.model_copy(update=changes), tickets)
        apps.append(app)
        return Site(app.test_client())

    yield make
    for app in apps:
        app.extensions["charloom"].db.close()


@pytest.fixture
def site(make_site: MakeSite) -> Site:
    """A visitor."""
    return make_site()
