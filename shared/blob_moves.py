"""Bytes that stay where they are for a while, and bytes that move to the store."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import delete, exists, func, select, update

from shared.blob_ends import delete_chunks, discard
from shared.blob_tables import Blob, BlobChunk, BlobHold
from shared.blobs import Measured, begin, read_blob, upload
from shared.db import Database, database_time
from shared.errors import BlobMissing
from shared.ids import new_id

# A hold that is not renewed ends by itself, as where a backup was killed.
HOLD_SECONDS, RENEW_SECONDS = 600.0, 60.0
AT_ONCE = 100


@contextmanager
def held(db: Database) -> Iterator[Callable[[], None]]:
    """Have no object deleted within the block; it calls what it gets every few minutes at least.

    Begin it before the snapshot whose blobs are to be read.
    """
    if db.store is None:
        yield lambda: None
        return
    hold, last = new_id(), time.monotonic()
    until = database_time() + HOLD_SECONDS
    with db.write() as session:
        session.execute(delete(BlobHold).where(BlobHold.until < database_time()))
        session.add(BlobHold(id=hold, until=until))

    def renew() -> None:
        nonlocal last
        if time.monotonic() - last < RENEW_SECONDS:
            return
        last = time.monotonic()
        with db.write() as session:
            session.execute(update(BlobHold).where(BlobHold.id == hold).values(until=until))

    try:
        yield renew
    finally:
        with db.write() as session:
            session.execute(delete(BlobHold).where(BlobHold.id == hold))


def left_to_move(db: Database) -> int:
    """Return how many whole blobs have their bytes in the database."""
    with db.read() as session:
        return session.scalar(select(func.count()).select_from(Blob).where(*_HERE)) or 0


def move(db: Database) -> Iterator[int]:
    """Move all blobs to the store, yielding each one's bytes; whatever has moved stays so.

    The service may run meanwhile, and a move that broke off is begun again. Raises ``StoreAway``,
    ``BlobMissing`` for one that is damaged.
    """
    _finish(db)
    last: str | None = None
    while ids := _some(db, last):
        for blob_id in ids:
            moved = _move(db, blob_id)
            if moved is not None:
                yield moved
        last = ids[-1]


_HERE = (Blob.location.is_(None), Blob.sha256.is_not(None))


def _some(db: Database, last: str | None) -> list[str]:
    after = () if last is None else (Blob.id > last,)
    query = select(Blob.id).where(*_HERE, *after).order_by(Blob.id).limit(AT_ONCE)
    with db.read() as session:
        return list(session.scalars(query))


def _move(db: Database, blob_id: str) -> int | None:
    """Move one blob; None where it is gone or moved already.

    Its object has a row of its own until it has the blob's, so that it is never nobody's.
    """
    location = new_id()
    draft = begin(db, location)
    measured = Measured(read_blob(db, blob_id))
    try:
        upload(db, draft, measured)
        taken = _take(db, blob_id, draft, location, measured)
    except BlobMissing:
        discard(db, draft)
        if _is_whole(db, blob_id):
            raise
        return None
    if not taken:
        discard(db, draft)
        return None
    delete_chunks(db, blob_id)
    return measured.size


def _take(db: Database, blob_id: str, draft: str, location: str, measured: Measured) -> bool:
    """Give a blob the object of a draft."""
    digest = measured.digest.hexdigest()
    with db.write() as session:
        blob = session.get(Blob, blob_id, with_for_update=True)
        if blob is None or blob.sha256 is None or blob.location is not None:
            return False
        if blob.sha256 != digest:
            raise BlobMissing(f"blob {blob_id} is damaged: its bytes have another SHA-256")
        gone: Any = session.execute(delete(Blob).where(Blob.id == draft))
        if gone.rowcount:
            blob.location = location
        return bool(gone.rowcount)


def _is_whole(db: Database, blob_id: str) -> bool:
    with db.read() as session:
        return session.scalar(select(exists().where(Blob.id == blob_id, *_HERE))) is True


def _finish(db: Database) -> None:
    """Delete the chunks of blobs whose move broke off behind its end."""
    chunks = exists().where(BlobChunk.blob_id == Blob.id)
    with db.read() as session:
        ids = session.scalars(select(Blob.id).where(Blob.location.is_not(None), chunks)).all()
    for blob_id in ids:
        delete_chunks(db, blob_id)
