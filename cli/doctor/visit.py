"""All checks of one installation, in the order in which they are told."""

import tempfile
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from redis import RedisError
from sqlalchemy import Engine
from sqlalchemy.engine import make_url
from sqlalchemy.orm import Session

from cli.database import reason, without_password
from cli.doctor import broker, database, machine, store, work
from cli.doctor.findings import Finding, State, fine, problem, skipped, warning
from cli.places import Places, database_file, find, is_running
from shared.db import make_engine
from shared.errors import SettingsError
from shared.waking import connection as redis_client

OF_WORKERS = ("workers", work.OLDEST, "leases")


def visit(data: Path) -> Iterator[Finding]:
    """Yield what each check finds. Raises nothing: what cannot be asked is a finding."""
    try:
        places = find(data)
        without_password(places.database_url)
    except SettingsError as error:
        yield problem("settings", str(error), "mend the variable: docs/settings.md lists all")
        return
    runs = places.folder is None or is_running(places.folder)
    if places.folder:
        yield _service(places, runs)
    yield from machine.settings_that_open(places.settings)
    yield from machine.secrets(places.settings, places.folder)
    yield from _disks(places)
    yield from _database(places, runs)
    yield from _redis(places, runs)


def _service(places: Places, runs: bool) -> Finding:
    path = places.folder.path if places.folder else None
    if runs:
        return fine("service", f"`charloom up` runs on {path}")
    return warning("service", f"nothing runs on {path}", f"`charloom up --data {path}`")


def _disks(places: Places) -> Iterator[Finding]:
    url = make_url(places.database_url)
    if url.get_backend_name() == "sqlite" and url.database:
        yield machine.disk("the database", Path(url.database).absolute())
    else:
        yield skipped("disk of the database", "its server's: look there")
    cache = places.folder.cache_folder if places.folder else places.settings.cache_folder
    yield machine.disk("the cache", cache.absolute())
    yield machine.disk("temporary files", Path(tempfile.gettempdir()))


def _database(places: Places, runs: bool) -> Iterator[Finding]:
    shown = without_password(places.database_url)
    if missing := _missing(places):
        yield problem("database", f"there is no {missing}", "name the installation's folder with "
                      "--data, its database in CHARLOOM_DATABASE_URL, or start a new one with "
                      "`charloom up`")  # fmt: skip
        return
    engine = make_engine(places.database_url)
    try:
        yield from _asked(engine, places, runs)
    except Exception as error:
        yield problem("database", f"{shown} does not answer: {reason(error)}",
                      "see that it runs, and that its address and password are right")  # fmt: skip
    finally:
        engine.dispose()


def _missing(places: Places) -> Path | None:
    """Return the SQLite file that is not there: opening it would make it."""
    url = make_url(places.database_url)
    if url.get_backend_name() != "sqlite":
        return None
    file = database_file(places.folder) if places.folder else Path(url.database or "")
    return None if file.is_file() else file


def _asked(engine: Engine, places: Places, runs: bool) -> Iterator[Finding]:
    with engine.connect() as connection:
        yield database.version(connection)
        yield database.keeping(connection)
        yield database.clock(connection)
        tables = database.tables(connection)
        yield tables
        if tables.state != State.OK:
            # The queries are those of this version's tables.
            names = (*OF_WORKERS, store.NAME)
            yield from (skipped(name, "not looked at: migrate first") for name in names)
            return
        if runs:
            session = Session(connection)
            yield from work.workers(session, places.settings)
            yield work.waiting(session, places.settings)
            yield work.leases(session, places.settings)
        else:
            yield from map(work.stopped, OF_WORKERS)
        # Last: while it is waited for, what was read of workers grows old.
        yield store.store(connection, places.settings)


def _redis(places: Places, runs: bool) -> Iterator[Finding]:
    if not runs:
        yield from map(work.stopped, ("redis", "sweeper"))
        return
    client = redis_client(places.redis_url)
    checks: Iterable[Callable[[], Finding]] = (
        lambda: broker.version(client),
        lambda: broker.policy(client),
        lambda: broker.memory(client),
        lambda: broker.clock(client),
        lambda: work.sweeper(client, places.settings),
    )
    try:
        for check in checks:
            yield check()
    except (RedisError, OSError) as error:
        yield problem("redis", f"{without_password(places.redis_url)} does not answer: {error}",
                      "start it; jobs are taken in meanwhile, and wait. Its address is "
                      "CHARLOOM_REDIS_URL")  # fmt: skip
    finally:
        client.close()
