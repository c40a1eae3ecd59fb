"""The API over a real database, with tickets that are only remembered."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from apiflask import APIFlask

from shared.queue import FakeTickets
from shared.settings import Settings
from tests.integration.api.client import Api
from tests.support.apps import make_app

MakeApi = Callable[..., Api]


@pytest.fixture
def make_api(settings: Settings, tickets: FakeTickets) -> Iterator[MakeApi]:
    """Make a client of an application whose settings differ in what is given."""
    apps: list[APIFlask] = []

    def make(**changes: Any) -> Api:
        app = make_app(settings.model_copy(update=changes), tickets)
        apps.append(app)
        return Api(app.test_client())

    yield make
    for app in apps:
        app.extensions["charloom"].db.close()


@pytest.fixture
def api(make_api: MakeApi) -> Api:
    """A client with the right token."""
    return make_api()
