"""Filling an empty database from a backup, whichever database that came from."""

from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from itertools import islice
from pathlib import Path
from typing import IO, Any

from sqlalchemy import Connection, Engine, Table, delete, insert, inspect, select, text

import migrations
from cli.backups.archive import PIECE_BYTES, Archive, Manifest, opened
from cli.backups.portable import ROWS_AT_ONCE, revision_of, tables_of, typed
from cli.database import migrate, reason, without_password
from shared.accounts.models import DEFAULT_TEAM_ID
from shared.blob_moves import move
from shared.blobs import put_back
from shared.db import WRITE, Database, make_engine
from shared.errors import CharloomError, StoreAway, UserError
from shared.stores import Store

FOREIGN_KEYS = """
    SELECT conrelid::regclass::text, quote_ident(conname), pg_get_constraintdef(oid)
    FROM pg_constraint WHERE contype = 'f' AND connamespace = current_schema()::regnamespace
    ORDER BY 1, 2"""


def restore(database_url: str, path: Path, store: Store | None = None) -> Manifest:
    """Fill an empty database from the backup at ``path``, then bring its tables up to date.

    Blobs then move to the ``store``, if there is one: the rows come all at once or not at all,
    which no store could promise. The file is read to its end before anything is changed. Raises
    ``UserError`` for a backup that is damaged or of a later version, and for a database that is not
    empty; ``InternalError``.
    """
    with opened(path) as archive:
        order = migrations.known()
        if archive.manifest.revision not in order:
            raise UserError(
                f"the backup {path} is of charloom {archive.manifest.charloom}, whose tables "
                f"(migration {archive.manifest.revision}) this version does not know; it knows "
                f"those up to {order[-1]}: restore with that version, or a later one"
            )
        archive.check()
        engine = make_engine(database_url)
        try:
            _refuse_filled(engine, database_url)
            _bring_to(engine, database_url, archive.manifest.revision, order)
            _fill_all(engine, archive)
        finally:
            engine.dispose()
    migrate(database_url)
    if store is not None:
        _move(database_url, store)
    return archive.manifest


def _move(database_url: str, store: Store) -> None:
    db = Database(database_url, store=store)
    try:
        for _ in move(db):
            pass
    except StoreAway as error:
        raise UserError(
            f"all is restored, but some blobs are still in the database: {error}; "
            "`charloom blobs move` moves them"
        ) from error
    finally:
        db.close()


def _refuse_filled(engine: Engine, database_url: str) -> None:
    shown = without_password(database_url)
    try:
        with engine.connect() as connection:
            names = inspect(connection).get_table_names()
            if names and revision_of(connection) is None:
                raise UserError(f"the database {shown} has tables that are not charloom's")
            filled = [
                table.name for table in tables_of(connection) if _is_filled(connection, table)
            ]
    except CharloomError:
        raise
    except Exception as error:
        raise UserError(f"the database {shown} cannot be used: {reason(error)}") from error
    if filled:
        raise UserError(
            f"the database {shown} is not empty: it has rows in {', '.join(filled[:5])}; a backup "
            "is restored into a new database, or a new folder, only"
        )


def _is_filled(connection: Connection, table: Table) -> bool:
    query = select(1).select_from(table).limit(1)
    if table.name == "teams":
        # Made with the tables.
        query = query.where(table.c.id != DEFAULT_TEAM_ID)
    return connection.execute(query).first() is not None


def _bring_to(engine: Engine, database_url: str, revision: str, order: list[str]) -> None:
    """Give the empty database the tables of the backup's version."""
    with engine.connect() as connection:
        at = revision_of(connection)
    if at is not None and at not in order:
        raise UserError(
            f"the database {without_password(database_url)} is at migration {at}, which this "
            f"version does not know; it knows those up to {order[-1]}"
        )
    if at is None or order.index(at) < order.index(revision):
        migrations.upgrade(database_url, revision)
    elif at != revision:
        migrations.downgrade(database_url, revision)


def _fill_all(engine: Engine, archive: Archive) -> None:
    with filling(engine) as connection:
        tables = {table.name: table for table in tables_of(connection)}
        connection.execute(delete(tables["teams"]))
        for name in archive.manifest.tables:
            if name not in tables:
                raise archive.damaged(name, "these tables have no such one")
            _fill(connection, archive, tables[name])
        with archive.blobs() as file:
            _fill_blobs(connection, archive, file)


def _fill(connection: Connection, archive: Archive, table: Table) -> None:
    count, coming = 0, typed(table, archive.rows(table.name))
    while rows := list(islice(coming, ROWS_AT_ONCE)):
        for row in rows:
            # All bytes are in the backup, so where they were says nothing.
            row |= {"location": None} if "location" in row and table.name == "blobs" else {}
        connection.execute(insert(table), rows)
        count += len(rows)
    expected = archive.manifest.tables[table.name].count
    if count != expected:
        raise archive.damaged(table.name, f"{count} rows, and {expected} by the manifest")


def _fill_blobs(connection: Connection, archive: Archive, file: IO[bytes]) -> None:
    for row in archive.rows("blobs"):
        digest = sha256()
        put_back(connection, row["id"], _taken(file, row["bytes"], digest))
        if digest.hexdigest() != row["sha256"]:
            raise archive.damaged(f"blob {row['id']}", "its bytes have another SHA-256")


def _taken(file: IO[bytes], size: int, digest: Any) -> Iterator[bytes]:
    while size and (piece := file.read(min(size, PIECE_BYTES))):
        digest.update(piece)
        size -= len(piece)
        yield piece


@contextmanager
def filling(engine: Engine) -> Iterator[Connection]:
    """Open a transaction in which rows may come in any order; all references hold at its end.

    Jobs and checkpoints refer to each other, so there is no order that would do.
    """
    kind = _filling_sqlite if engine.dialect.name == "sqlite" else _filling_postgresql
    with engine.connect() as connection, kind(connection):
        yield connection


@contextmanager
def _filling_sqlite(connection: Connection) -> Iterator[None]:
    # Inside a transaction SQLite ignores this pragma, so it goes past SQLAlchemy's.
    connection.connection.cursor().execute("PRAGMA foreign_keys = OFF")
    with connection.execution_options(**WRITE).begin():
        yield
        if broken := connection.exec_driver_sql("PRAGMA foreign_key_check").first():
            raise UserError(f"the backup has rows that refer to nothing: table {broken[0]}")


@contextmanager
def _filling_postgresql(connection: Connection) -> Iterator[None]:
    # Without them for a while: only a superuser may have them pass unchecked.
    with connection.begin():
        keys = connection.execute(text(FOREIGN_KEYS)).all()
        for table, name, _ in keys:
            connection.exec_driver_sql(f"ALTER TABLE {table} DROP CONSTRAINT {name}")
        yield
        for table, name, definition in keys:
            connection.exec_driver_sql(f"ALTER TABLE {table} ADD CONSTRAINT {name} {definition}")
