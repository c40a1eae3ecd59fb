"""Runs migrations: on SQLite with foreign keys off, and checked at the end.

Alembic changes a SQLite table by building it anew; with foreign keys on, dropping the old one
would empty the tables that refer to it.
"""

from alembic import context
from sqlalchemy import Connection

from shared import tables  # noqa: F401  (fills the metadata)
from shared.db import WRITE, Base, make_engine


def run() -> None:
    """Run the migrations that were asked for, in one transaction."""
    url = context.config.get_main_option("sqlalchemy.url")
    if url is None:
        raise SystemExit("migrations: no database address was given")
    engine = make_engine(url)
    try:
        with engine.connect() as connection:
            _migrate(connection)
    finally:
        engine.dispose()


def _migrate(connection: Connection) -> None:
    sqlite = connection.dialect.name == "sqlite"
    if sqlite:
        _foreign_keys(connection, "OFF")
    with connection.execution_options(**WRITE).begin():
        context.configure(
            connection=connection,
            target_metadata=Base.metadata,
            render_as_batch=sqlite,
            compare_type=True,
        )
        context.run_migrations()
        if sqlite:
            _check_foreign_keys(connection)


def _foreign_keys(connection: Connection, state: str) -> None:
    # Inside a transaction SQLite ignores this pragma, so it goes past SQLAlchemy's.
    connection.connection.cursor().execute(f"PRAGMA foreign_keys = {state}")


def _check_foreign_keys(connection: Connection) -> None:
    broken = connection.exec_driver_sql("PRAGMA foreign_key_check").all()
    if broken:
        raise RuntimeError(f"the migration would leave rows that refer to nothing: {broken[:5]}")


run()
