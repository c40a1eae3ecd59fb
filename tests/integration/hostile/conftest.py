"""The web server as it is run, over a database with something of everything."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from shared.db import Database
from shared.queue import NullTickets
from tests.conftest import BACKENDS
from tests.support.full import fill
from tests.support.hostile import Target
from tests.support.servers import Postgres
from tests.support.web_server import SECRET_KEY, TOKEN, running_web


@pytest.fixture(scope="module", params=BACKENDS)
def filled_url(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    """The address of a database of this module's own, on each backend in turn."""
    if request.param == "sqlite":
        template: Path = request.getfixturevalue("sqlite_template")
        folder = tmp_path_factory.mktemp("hostile")
        yield f"sqlite:///{shutil.copy(template, folder / 'charloom.db')}"
        return
    server: Postgres = request.getfixturevalue("postgres")
    with server.migrated() as url:
        yield url


@pytest.fixture(scope="module")
def target(filled_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Target]:
    """The service under attack."""
    log = tmp_path_factory.mktemp("web") / "web.log"
    db = Database(filled_url, NullTickets())
    full = fill(db)
    headers = {"Authorization": f"Bearer {TOKEN}"}
    with (
        running_web(filled_url, log) as url,
        httpx.Client(base_url=url, headers=headers, timeout=30) as client,
    ):
        port = int(url.rpartition(":")[2])
        yield Target(
            db, full, client, lambda: log.read_text("utf-8", "replace"), (TOKEN, SECRET_KEY), port
        )
    db.close()
