"""Bytes in the database: chunks of at most 256 KiB, a short transaction each, streamed both ways.

A blob is complete when its ``sha256`` is set, with the last chunk; equal bytes are kept once.
Where the database has a store of objects (``shared.stores``), the bytes go there instead. A blob's
row comes before its object and goes after it, so there is no object that nobody knows of.
"""

import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from sqlalchemy import Connection, delete, func, insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session
from sqlalchemy.sql.elements import ColumnElement

from shared.blob_ends import discard, reclaim
from shared.blob_tables import CHUNK_BYTES, DOOMED, RELEASED, Blob, BlobChunk, BlobHold
from shared.db import Database, database_time
from shared.errors import BlobMissing, StoreAway, UserError
from shared.ids import new_id

__all__ = ["CHUNK_BYTES", "Blob", "BlobChunk", "BlobHold", "reclaim"]

# The most that is asked of a store at a time.
READ_BYTES = 16 * CHUNK_BYTES
# How often the row of a blob that goes into a store is touched.
TOUCH_SECONDS = 10.0


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
    pieces end in a ``UserError``, what was stored of them goes at once. Raises ``StoreAway``.
    """
    blob_id = begin(db, new_id() if db.store else None)
    try:
        stored = _write(db, blob_id, pieces)
    except UserError:
        discard(db, blob_id)
        raise
    if stored.id != blob_id:
        discard(db, blob_id)
    return stored


def begin(db: Database, location: str | None) -> str:
    """Make the row of a blob whose bytes come next, and return its id."""
    blob = Blob(id=new_id(), sha256=None, bytes=0, touched_at=database_time(), location=location)
    with db.write() as session:
        session.add(blob)
    return blob.id


def _write(db: Database, blob_id: str, pieces: Iterable[bytes]) -> StoredBlob:
    measured = Measured(pieces)
    if db.store:
        upload(db, blob_id, measured)
        _heal(db, blob_id, measured.digest.hexdigest())
    else:
        _add_chunks(db, blob_id, measured)
    digest, size = measured.digest.hexdigest(), measured.size
    try:
        with db.write() as session:
            return _complete(session, blob_id, digest, size)
    except IntegrityError:
        # Another writer has just completed the same bytes: now they are the older blob.
        with db.write() as session:
            return _complete(session, blob_id, digest, size)


class Measured:
    """Pieces as chunks, counted and digested as they pass."""

    def __init__(self, pieces: Iterable[bytes]):
        self._pieces, self.digest, self.size = pieces, sha256(), 0

    def __iter__(self) -> Iterator[bytes]:
        for chunk in _chunks(self._pieces):
            self.digest.update(chunk)
            self.size += len(chunk)
            yield chunk


def _add_chunks(db: Database, blob_id: str, chunks: Iterable[bytes]) -> None:
    for number, chunk in enumerate(chunks):
        with db.write() as session:
            # Text that comes for hours is not left over: its grace time begins anew.
            if _touch(session, Blob.id == blob_id) is None:
                raise _too_slow(blob_id)
            session.add(BlobChunk(blob_id=blob_id, number=number, data=chunk))


def upload(db: Database, blob_id: str, chunks: Iterable[bytes]) -> None:
    """Send a blob's bytes to the object of its row. Raises ``StoreAway``."""
    with db.read() as session:
        location = session.get_one(Blob, blob_id).location
    if db.store is None or location is None:
        raise AssertionError("unreachable: asked for only where there is a store")
    db.store.write(location, _touching(db, blob_id, chunks))
    with db.write() as session:
        late = _touch(session, Blob.id == blob_id) is None
    if late:
        # Nobody else knows of the object by now.
        db.store.delete(location)
        raise _too_slow(blob_id)


def _heal(db: Database, draft: str, digest: str) -> None:
    """Give an older blob of the same bytes the object of a draft, if its own has been lost."""
    with db.read() as session:
        older = session.scalar(select(Blob).where(Blob.sha256 == digest))
    if db.store is None or older is None or older.location is None:
        return
    if not db.store.has(older.location, older.bytes):
        with db.write() as session:
            take_over(session, older.id, older.location, draft)


def take_over(session: Session, blob_id: str, before: str | None, draft: str) -> bool:
    """Give a whole blob whose bytes are ``before`` the object of a draft, whose row goes.

    False where either has changed meanwhile.
    """
    blob = session.get(Blob, blob_id, with_for_update=True)
    if blob is None or blob.sha256 is None or blob.location != before:
        return False
    lives = (Blob.id == draft, Blob.touched_at != DOOMED)
    location = session.scalar(delete(Blob).where(*lives).returning(Blob.location))
    if location is not None:
        blob.location = location
    return location is not None


def _touching(db: Database, blob_id: str, chunks: Iterable[bytes]) -> Iterator[bytes]:
    last = time.monotonic()
    for chunk in chunks:
        if time.monotonic() - last >= TOUCH_SECONDS:
            last = time.monotonic()
            with db.write() as session:
                if _touch(session, Blob.id == blob_id) is None:
                    raise _too_slow(blob_id)
        yield chunk


def read_blob(db: Database, blob_id: str, start: int = 0) -> Iterator[bytes]:
    """Yield the blob's bytes from offset ``start``. Raises ``BlobMissing`` where some are gone."""
    blob = _whole(db, blob_id)
    if blob.location is not None:
        yield from _from_store(db, blob, start)
        return
    number, skip = divmod(start, CHUNK_BYTES)
    for index in range(number, -(-blob.bytes // CHUNK_BYTES)):
        with db.read() as session:
            row = session.get(BlobChunk, (blob_id, index))
        if row is None:
            if (moved := _whole(db, blob_id)).location is None:
                raise BlobMissing(f"blob {blob_id} lacks its chunk {index}")
            yield from _from_store(db, moved, index * CHUNK_BYTES + skip)
            return
        yield row.data[skip:]
        skip = 0


def _whole(db: Database, blob_id: str) -> Blob:
    with db.read() as session:
        blob = session.get(Blob, blob_id)
        if blob is None or blob.sha256 is None:
            raise BlobMissing(f"blob {blob_id} is not stored, or not whole")
        return blob


def _from_store(db: Database, blob: Blob, start: int) -> Iterator[bytes]:
    """Yield a blob's bytes as chunks, asking for ever more of them at a time."""
    if db.store is None or blob.location is None:
        raise StoreAway(f"blob {blob.id} lies in a store, and CHARLOOM_BLOB_STORE names none here")
    asked = CHUNK_BYTES
    while start < blob.bytes:
        # As chunks of the database, whose borders some readers count on.
        end = min(start - start % CHUNK_BYTES + asked, blob.bytes)
        data = db.store.read(blob.location, start, end)
        first = CHUNK_BYTES - start % CHUNK_BYTES
        yield data[:first]
        yield from slices(memoryview(data)[first:])
        start, asked = end, min(2 * asked, READ_BYTES)


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
    result = session.execute(update(Blob).where(*whole).values(touched_at=RELEASED))
    if result.rowcount == 0:  # type: ignore[attr-defined]
        raise _reclaimed(blob_id)


def keep(session: Session, blob_id: str) -> None:
    """Make sure of a blob that the same transaction is about to refer to. Raises ``BlobMissing``.

    Its row is there for a while after its bytes began to go.
    """
    if _touch(session, Blob.id == blob_id, Blob.sha256.is_not(None)) is None:
        raise _reclaimed(blob_id)


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
        # One in the store goes once its object has gone.
        here = Blob.location.is_(None)
        session.execute(delete(Blob).where(Blob.id == blob_id, here))
        return StoredBlob(older, digest, size)
    values = {"sha256": digest, "bytes": size, "touched_at": database_time()}
    mine = (Blob.id == blob_id, Blob.touched_at != DOOMED)
    done: Any = session.execute(update(Blob).where(*mine).values(values))
    if done.rowcount == 0:
        raise _too_slow(blob_id)
    return StoredBlob(blob_id, digest, size)


def _too_slow(blob_id: str) -> BlobMissing:
    return BlobMissing(f"blob {blob_id} was reclaimed while it was written: its bytes came slowly")


def _reclaimed(blob_id: str) -> BlobMissing:
    return BlobMissing(f"blob {blob_id} was reclaimed before anything referred to it")


def _touch(session: Session, *which: ColumnElement[bool]) -> str | None:
    """Begin a blob's grace time anew; None where there is none, or it is on its way out."""
    lives = Blob.touched_at != DOOMED
    statement = update(Blob).where(*which, lives).values(touched_at=database_time())
    return session.scalar(statement.returning(Blob.id))
