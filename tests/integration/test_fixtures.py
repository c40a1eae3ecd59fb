"""The fixtures themselves: both databases, and a Redis server that is real."""

import psycopg
from psycopg.sql import SQL, Identifier
from redis import Redis

from shared.db import Base, Database
from tests.support.factories import make_checkpoint
from tests.support.servers import Postgres


def test_factories_make_a_checkpoint_through_the_services(db: Database) -> None:
    """A job, its claim, an epoch and a checkpoint stand after one call."""
    checkpoint = make_checkpoint(db)
    assert checkpoint.best
    with db.read() as session:
        assert session.get_bind().dialect.name in ("sqlite", "postgresql")


def test_redis_answers(redis_url: str) -> None:
    """The broker of the tests is a real Redis server."""
    with Redis.from_url(redis_url) as client:
        assert client.ping()


def test_a_database_is_as_new_for_each_test(postgres: Postgres) -> None:
    """What a test wrote is gone, open sessions are ended; what it rebuilt is thrown away."""
    with postgres.migrated() as first:
        db = Database(first)
        make_checkpoint(db)
        held = psycopg.connect(first)
        held.execute("UPDATE teams SET name = 'ours'")
    with postgres.migrated() as second, psycopg.connect(second) as connection:
        rows = {table: _rows(connection, table) for table in Base.metadata.tables}
        name = connection.execute("SELECT name FROM teams").fetchone()
        connection.execute("ALTER TABLE teams ADD note text")
    with postgres.migrated() as third:
        pass
    held.close()
    db.close()
    assert first == second != third
    assert {table for table, counted in rows.items() if counted} == {"teams"}
    assert (rows["teams"], name) == (1, ("default",))


def _rows(connection: psycopg.Connection, table: str) -> int:
    counted = connection.execute(SQL("SELECT count(*) FROM {}").format(Identifier(table)))
    return sum(row[0] for row in counted)
