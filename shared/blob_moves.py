"""Bytes that stay where they are for a while, and bytes that move to the store."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import delete, exists, func, select, update

from shared.blob_ends import delete_chunks, discard
from shared.blob_tables import Blob, BlobChunk, BlobHold
from shared.blobs import Measured, begin, read_blob, take_over, upload
from shared.db import Database, database_time
from shared.errors import BlobMissing
from shared.ids import new_id

# A hold that is not renewed ends by itself, as where a backup was killed.
HOLD_SECONDS, RENEW_SECONDS = 600.0, 60.0
AT_ONCE = 100


@contextmanager
def held(db: Database) -> Iterator[Callable[[], None]]:
    """Have no object deleted within the block, which calls what it gets each ``RENEW_SECONDS``.

    Begin it before the snapshot whose blobs are to be read.
    """
    if db.store is None:
        yield lambda: None
        return
    hold = new_id()
    until = database_time() + HOLD_SECONDS
    with db.write() as session:
        session.execute(delete(BlobHold).where(BlobHold.until < database_time()))
        session.add(BlobHold(id=hold, until=until))

    def renew() -> None:
        with db.write() as session:
            mine = (BlobHold.id == hold, BlobHold.until > database_time())
            done: Any = session.execute(update(BlobHold).where(*mine).values(until=until))
        if done.rowcount == 0:
            raise BlobMissing(
                f"for over {HOLD_SECONDS:.0f} s nothing told that this backup goes on: objects may "
                "have been deleted since"
            )

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
    ``BlobMissing`` at the end for those that are damaged, which stay.
    """
    _finish(db)
    last, damaged = None, []
    while ids := _some(db, last):
        for blob_id in ids:
            try:
                moved = _move(db, blob_id)
            except BlobMissing as error:
                damaged.append(str(error))
                continue
            if moved is not None:
                yield moved
        last = ids[-1]
    if damaged:
        raise BlobMissing(f"{len(damaged)} blobs stay in the database: {'; '.join(damaged)}")


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
    draft = begin(db, new_id())
    measured = Measured(read_blob(db, blob_id))
    try:
        upload(db, draft, measured)
        taken = _take(db, blob_id, draft, measured)
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


def _take(db: Database, blob_id: str, draft: str, measured: Measured) -> bool:
    """Give a blob the object of a draft."""
    with db.write() as session:
        expected = session.scalar(select(Blob.sha256).where(Blob.id == blob_id))
        if expected not in (None, measured.digest.hexdigest()):
            raise BlobMissing(f"blob {blob_id} is damaged: its bytes have another SHA-256")
        return take_over(session, blob_id, None, draft)


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
