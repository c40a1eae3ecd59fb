"""Writing a backup, of one moment, while everybody goes on working."""

import os
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from hashlib import sha256
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import IO
from zipfile import ZipFile

from sqlalchemy import Connection, Table, select
from sqlalchemy.orm import Session

import migrations
from cli.backups.archive import (
    BLOBS,
    FORMAT,
    MANIFEST,
    BlobPart,
    Manifest,
    TablePart,
    member,
    table_member,
)
from cli.backups.portable import in_order, plain, revision_of, tables_of
from shared.blob_moves import RENEW_SECONDS, held
from shared.blobs import read_blob
from shared.db import Database
from shared.errors import BlobMissing, UserError
from shared.stores import Store


def back_up(database_url: str, path: Path, store: Store | None = None) -> Manifest:
    """Write a backup of the database to ``path``; the file is whole or not there at all.

    All that was committed before is in it, and nothing of what is committed later; no object of a
    ``store`` is deleted meanwhile. Raises ``UserError``, ``StoreAway``, ``BlobMissing`` where the
    database itself lacks bytes.
    """
    db = Database(database_url, store=store)
    try:
        with whole_file(path) as file, held(db) as renew, db.snapshot() as session:
            return _write(db, session, file, _awake(session, renew))
    finally:
        db.close()


def _awake(session: Session, renew: Callable[[], None]) -> Callable[[], None]:
    """Return what is called for each row and piece, and tells now and then that all goes on.

    PostgreSQL ends a snapshot that is asked nothing for long, as while a large object comes.
    """
    last = time.monotonic()

    def tell() -> None:
        nonlocal last
        if time.monotonic() - last >= RENEW_SECONDS:
            last = time.monotonic()
            renew()
            session.execute(select(1))

    return tell


def _write(db: Database, session: Session, file: IO[bytes], tell: Callable[[], None]) -> Manifest:
    connection = session.connection()
    revision = _known_revision(connection)
    tables = tables_of(connection)
    with ZipFile(file, "w") as archive:
        parts = {table.name: _table(archive, session, table, tell) for table in tables}
        manifest = Manifest(
            format=FORMAT,
            charloom=_version(),
            revision=revision,
            database=connection.dialect.name,
            created_at=datetime.now(UTC),
            tables=parts,
            blobs=_blobs(archive, db, session, tables, tell),
        )
        archive.writestr(MANIFEST, manifest.model_dump_json(indent=2))
    return manifest


def _known_revision(connection: Connection) -> str:
    """Return the migration that the database is at.

    A later one is refused: this version cannot know which of its tables a backup needs.
    """
    revision, known = revision_of(connection), migrations.known()
    if revision is None:
        raise UserError("the database has no tables: there is nothing to back up")
    if revision not in known:
        raise UserError(
            f"the database is at migration {revision}, which this version does not know; it knows "
            f"those up to {known[-1]}: back it up with the version that it was migrated by"
        )
    return revision


def _table(archive: ZipFile, session: Session, table: Table, tell: Callable[[], None]) -> TablePart:
    with member(archive, table_member(table.name)) as out:
        for row in session.execute(in_order(table)):
            out.row(plain(row))
            tell()
    names = [column.name for column in table.columns]
    return TablePart(count=out.count, sha256=out.sha256, columns=names)


def _blobs(
    archive: ZipFile,
    db: Database,
    session: Session,
    tables: list[Table],
    tell: Callable[[], None],
) -> BlobPart:
    (table,) = [one for one in tables if one.name == "blobs"]
    with member(archive, BLOBS) as out:
        for row in session.execute(in_order(table)).mappings():
            digest = sha256()
            # Within the snapshot, as every read is that is made meanwhile.
            for piece in read_blob(db, row["id"]):
                digest.update(piece)
                out.write(piece)
                tell()
            if digest.hexdigest() != row["sha256"]:
                raise BlobMissing(f"blob {row['id']} is damaged: its bytes have another SHA-256")
            out.count += 1
    return BlobPart(count=out.count, sha256=out.sha256, bytes=out.bytes)


@contextmanager
def whole_file(path: Path) -> Iterator[IO[bytes]]:
    """Write a file that only its owner reads: it gets its name when it is whole and on the disk.

    Raises ``UserError`` where there is a file of that name, or none can be made.
    """
    if path.exists():
        raise UserError(f"{path} is there already: name another file")
    try:
        # Made so that nobody else may read it.
        descriptor, name = tempfile.mkstemp(".part", f".{path.name}.", path.parent)
    except OSError as error:
        raise UserError(f"{path} cannot be written: {error.strerror}") from error
    draft = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        draft.rename(path)
        _sync(path.parent)
    except OSError as error:
        raise UserError(f"{path} cannot be written: {error.strerror}") from error
    finally:
        draft.unlink(missing_ok=True)


def _sync(folder: Path) -> None:
    """Have the folder remember a new name."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _version() -> str:
    try:
        return version("charloom")
    except PackageNotFoundError:
        return "unknown (not installed)"
