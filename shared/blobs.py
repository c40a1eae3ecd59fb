"""Bytes in the database: chunks of at most 256 KiB, a short transaction each, streamed both ways.

A blob is complete when its ``sha256`` is set, with the last chunk; equal bytes are kept once.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256

from sqlalchemy import (
    BigInteger,
    Connection,
    ForeignKey,
    LargeBinary,
    delete,
    exists,
    func,
    insert,
    select,
    update,
)
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Mapped, Session, mapped_column
from sqlalchemy.sql.elements import ColumnElement

from shared.db import ID, Base, Database, database_time
from shared.errors import BlobMissing, UserError
from shared.ids import new_id

CHUNK_BYTES = 256 * 1024
# Deleted in one transaction: it holds SQLite's lock.
CHUNKS_AT_ONCE = 16


class Blob(Base):
    """One sequence of bytes."""

    __tablename__ = "blobs"

    id: Mapped[str] = mapped_column(ID, primary_key=True)
    sha256: Mapped[str | None] = mapped_column(unique=True)
    bytes: Mapped[int] = mapped_column(BigInteger)
    # When somebody last meant to refer to it, on the database's clock: the grace time's start.
    touched_at: Mapped[float]


class BlobChunk(Base):
    """At most 256 KiB of a blob."""

    __tablename__ = "blob_chunks"

    blob_id: Mapped[str] = mapped_column(
        ID, ForeignKey("blobs.id", ondelete="CASCADE"), primary_key=True
    )
    number: Mapped[int] = mapped_column(primary_key=True)
    data: Mapped[bytes] = mapped_column(LargeBinary)


@dataclass(frozen=True)
class StoredBlob:
    """What a writer needs to know of the blob it stored."""

    id: str
    sha256: str
    bytes: int


def count_bytes(session: Session) -> int:
    """Return how many bytes all whole blobs have."""
    return int(session.scalar(select(func.coalesce(func.sum(Blob.bytes), 0))) or 0)


def write_blob(db: Database, pieces: Iterable[bytes]) -> StoredBlob:
    """Store the joined ``pieces`` and return the blob, an older one where its bytes are equal.

    Nothing refers to it yet: refer to it within the grace time, or it is reclaimed. Where the
    pieces end in a ``UserError``, what was stored of them goes at once.
    """
    blob_id = new_id()
    with db.write() as session:
        session.add(Blob(id=blob_id, sha256=None, bytes=0, touched_at=database_time()))
    try:
        return _write(db, blob_id, pieces)
    except UserError:
        _reclaim_one(db, blob_id, [Blob.sha256.is_(None)])
        raise


def _write(db: Database, blob_id: str, pieces: Iterable[bytes]) -> StoredBlob:
    digest, size = sha256(), 0
    for number, chunk in enumerate(_chunks(pieces)):
        digest.update(chunk)
        size += len(chunk)
        with db.write() as session:
            session.add(BlobChunk(blob_id=blob_id, number=number, data=chunk))
            # Text that comes for hours is not left over: its grace time begins anew.
            _touch(session, Blob.id == blob_id)
    try:
        with db.write() as session:
            return _complete(session, blob_id, digest.hexdigest(), size)
    except IntegrityError:
        # Another writer has just completed the same bytes: now they are the older blob.
        with db.write() as session:
            return _complete(session, blob_id, digest.hexdigest(), size)


def read_blob(db: Database, blob_id: str, start: int = 0) -> Iterator[bytes]:
    """Yield the blob's bytes from offset ``start``. Raises ``BlobMissing`` where some are gone."""
    with db.read() as session:
        blob = session.get(Blob, blob_id)
        if blob is None or blob.sha256 is None:
            raise BlobMissing(f"blob {blob_id} is not stored, or not whole")
    number, skip = divmod(start, CHUNK_BYTES)
    for index in range(number, -(-blob.bytes // CHUNK_BYTES)):
        with db.read() as session:
            row = session.get(BlobChunk, (blob_id, index))
        if row is None:
            raise BlobMissing(f"blob {blob_id} lacks its chunk {index}")
        yield row.data[skip:]
        skip = 0


def put_back(connection: Connection, blob_id: str, pieces: Iterable[bytes]) -> None:
    """Store the bytes of a blob that has its row already, in the caller's transaction.

    For a database that is filled from a backup, where blobs keep their ids.
    """
    for number, chunk in enumerate(_chunks(pieces)):
        values = {"blob_id": blob_id, "number": number, "data": chunk}
        connection.execute(insert(BlobChunk.__table__), values)  # type: ignore[arg-type]


def slices(data: bytes | memoryview) -> Iterator[bytes]:
    """Yield ``data`` in pieces of a chunk's size, so that a large one is not copied whole."""
    for start in range(0, len(data), CHUNK_BYTES):
        yield bytes(data[start : start + CHUNK_BYTES])


def without_grace(session: Session, blob_id: str) -> None:
    """Let a blob go as soon as nothing refers to it any more. Raises ``BlobMissing``.

    For who refers to it in the same transaction. Whoever stores the same bytes after that touches
    the blob, and so keeps it for a grace time, also when this reference goes.
    """
    whole = (Blob.id == blob_id, Blob.sha256.is_not(None))
    result = session.execute(update(Blob).where(*whole).values(touched_at=0.0))
    if result.rowcount == 0:  # type: ignore[attr-defined]
        raise BlobMissing(f"blob {blob_id} was reclaimed before anything referred to it")


def reclaim(db: Database, grace_seconds: float, limit: int = 100) -> int:
    """Delete at most ``limit`` blobs that nothing has referred to since the grace time began.

    Looked for without a lock first, then checked again under it. Returns how many went.
    """
    old = database_time() - grace_seconds
    condition = (Blob.touched_at < old, *_unreferenced())
    with db.read() as session:
        candidates = session.scalars(select(Blob.id).where(*condition).limit(limit)).all()
    return sum(_reclaim_one(db, blob_id, condition) for blob_id in candidates)


def _reclaim_one(db: Database, blob_id: str, condition: Sequence[ColumnElement[bool]]) -> bool:
    """Delete a blob if it still meets the condition; its chunks a few at a time."""
    with db.write() as session:
        # Whoever is about to refer to the blob holds its row: we look again after that.
        session.execute(select(Blob.id).where(Blob.id == blob_id).with_for_update())
        # Without its sha256 nobody can come upon its bytes any more.
        doomed = update(Blob).where(Blob.id == blob_id, *condition).values(sha256=None)
        if session.execute(doomed).rowcount == 0:  # type: ignore[attr-defined]
            return False
        last = select(func.max(BlobChunk.number)).where(BlobChunk.blob_id == blob_id)
        count = (session.scalar(last) or 0) + 1
    for first in range(0, count, CHUNKS_AT_ONCE):
        some = BlobChunk.number.between(first, first + CHUNKS_AT_ONCE - 1)
        with db.write() as session:
            session.execute(delete(BlobChunk).where(BlobChunk.blob_id == blob_id, some))
    with db.write() as session:
        session.execute(delete(Blob).where(Blob.id == blob_id))
    return True


def _chunks(pieces: Iterable[bytes]) -> Iterator[bytes]:
    buffer = bytearray()
    for piece in pieces:
        buffer += piece
        while len(buffer) >= CHUNK_BYTES:
            yield bytes(buffer[:CHUNK_BYTES])
            del buffer[:CHUNK_BYTES]
    if buffer:
        yield bytes(buffer)


def _complete(session: Session, blob_id: str, digest: str, size: int) -> StoredBlob:
    # Touching the older blob restarts its grace time, so that it cannot be reclaimed
    # between this transaction and the one that refers to it.
    older = _touch(session, Blob.sha256 == digest)
    if older is not None:
        session.execute(delete(Blob).where(Blob.id == blob_id))
        return StoredBlob(older, digest, size)
    session.execute(
        update(Blob)
        .where(Blob.id == blob_id)
        .values(sha256=digest, bytes=size, touched_at=database_time())
    )
    return StoredBlob(blob_id, digest, size)


def _touch(session: Session, which: ColumnElement[bool]) -> str | None:
    statement = update(Blob).where(which).values(touched_at=database_time())
    return session.scalar(statement.returning(Blob.id))


def _unreferenced() -> list[ColumnElement[bool]]:
    """Return a condition for every column of the schema that refers to blobs, chunks aside."""
    columns = [
        key.parent
        for table in Base.metadata.tables.values()
        for key in table.foreign_keys
        if key.column is Blob.__table__.c.id and table is not BlobChunk.__table__
    ]
    return [~exists().where(column == Blob.id) for column in columns]
