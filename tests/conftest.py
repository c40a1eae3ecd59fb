"""Fixtures for all tests. Whoever asks for ``database_url`` runs on SQLite and on PostgreSQL."""

import gc
import os
import shutil
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import hypothesis
import pytest

import migrations
from shared import tables  # noqa: F401  (fills the metadata)
from shared.db import Database
from shared.queue import FakeTickets
from shared.settings import Settings, load_settings
from tests.support import engines, programs
from tests.support.groups import Groups, turn
from tests.support.servers import Postgres, running_postgres, running_redis

BACKENDS = ("sqlite", "postgresql")
# Port 1 is nobody's: a test that wants a broker asks for ``redis_url``.
NO_BROKER = "redis://127.0.0.1:1/0"

# No test is wrong for being slow: the machines are shared.
hypothesis.settings.register_profile("patient", hypothesis.settings(), deadline=None)
hypothesis.settings.load_profile("patient")
engines.compile_once()
programs.compile_once()


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Where two processes share the tests, begin with the longest group."""
    if hasattr(config, "workerinput"):
        items.sort(key=lambda item: turn(item.nodeid))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Groups:
    """Let tests that need the same servers run in the same process."""
    return Groups(config, log)


@pytest.fixture(autouse=True)
def _no_settings_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep the CHARLOOM_* variables of whoever runs the tests out of them."""
    for name in [name for name in os.environ if name.upper().startswith("CHARLOOM_")]:
        monkeypatch.delenv(name)


@pytest.fixture(autouse=True, scope="module")
def _set_aside() -> None:
    """Do as a pool process does when it is warm: what is there already is no garbage.

    Looking at each job's end through TensorFlow, and all that the files before it left, took most
    of a short test's time.
    """
    with warnings.catch_warnings():
        # What another file left open is no fault of the test that comes next.
        warnings.simplefilter("ignore", ResourceWarning)
        gc.collect()
    gc.freeze()


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated SQLite file, to copy."""
    path = tmp_path_factory.mktemp("template") / "charloom.db"
    migrations.upgrade(f"sqlite:///{path}")
    return path


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """A PostgreSQL server with a migrated template database."""
    with running_postgres() as server:
        yield server


@pytest.fixture(params=BACKENDS)
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The address of a migrated database that nobody has used, on each backend in turn."""
    if request.param == "sqlite":
        template: Path = request.getfixturevalue("sqlite_template")
        yield f"sqlite:///{shutil.copy(template, tmp_path / 'charloom.db')}"
        return
    server: Postgres = request.getfixturevalue("postgres")
    with server.migrated() as url:
        yield url


@pytest.fixture(params=BACKENDS)
def empty_database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The address of a database without a single table, on each backend in turn."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'empty.db'}"
        return
    server: Postgres = request.getfixturevalue("postgres")
    with server.bare() as url:
        yield url


@pytest.fixture
def settings(database_url: str, tmp_path: Path) -> Settings:
    """Settings with short times, the token ``test-token`` and a broker that is away."""
    return load_settings(
        database_url=database_url,
        redis_url=NO_BROKER,
        token="test-token",
        secret_key="test-secret-key",
        lease_seconds=3,
        renew_seconds=0.5,
        sweep_seconds=0.5,
        stall_seconds=30,
        fetch_seconds=2,
        max_upload_bytes=4 * 1024 * 1024,
        cache_folder=tmp_path / "cache",
    )


@pytest.fixture
def tickets() -> FakeTickets:
    """Remembers the tickets that went out."""
    return FakeTickets()


@pytest.fixture
def db(database_url: str, tickets: FakeTickets) -> Iterator[Database]:
    """A database whose tickets are remembered in ``tickets``."""
    database = Database(database_url, tickets)
    yield database
    database.close()


@pytest.fixture(scope="session")
def redis_url() -> Iterator[str]:
    """The address of a real Redis server that keeps nothing on disk."""
    with running_redis() as url:
        yield url
