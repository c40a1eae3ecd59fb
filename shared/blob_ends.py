"""Blobs that nobody needs any more go: the row is marked, then the bytes go, then the row."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

from sqlalchemy import delete, exists, func, or_, select, update
from sqlalchemy.orm import Session
from sqlalchemy.sql.elements import ColumnElement

from shared.blob_tables import HELD, Blob, BlobChunk
from shared.db import Base, Database, database_time
from shared.errors import StoreAway

# Deleted in one transaction: it holds SQLite's lock.
CHUNKS_AT_ONCE = 16
# What one round looks at, so that it costs the same however many there are, and deletes.
LOOKED_AT, DELETED = 2_000, 100


def discard(db: Database, blob_id: str) -> None:
    """Delete what there is of a blob that is not whole; later, where the store is away."""
    with suppress(StoreAway):
        _reclaim_one(db, blob_id, [Blob.sha256.is_(None)])


@dataclass
class Reclaiming:
    """Goes over the blobs in the order of their ids, a part each round, and then anew."""

    after: str | None = None

    def round(
        self, db: Database, grace_seconds: float, looked_at: int = LOOKED_AT, limit: int = DELETED
    ) -> int:
        """Delete those of the next blobs that nothing has referred to since the grace time began.

        Looked for without a lock first, then checked again under it. Returns how many went. Raises
        ``StoreAway``; then the next round begins where this one did.
        """
        condition = (Blob.touched_at < database_time() - grace_seconds, *_unreferenced())
        here = Blob.location.is_(None)
        within = or_(here, ~HELD) if db.store else here
        with db.read() as session:
            last, part = self._part(session, looked_at)
            query = select(Blob.id).where(*part, *condition, within).order_by(Blob.id).limit(limit)
            candidates = session.scalars(query).all()
        gone = sum(_reclaim_one(db, blob_id, condition) for blob_id in candidates)
        self.after = candidates[-1] if len(candidates) == limit else last
        return gone

    def _part(
        self, session: Session, looked_at: int
    ) -> tuple[str | None, list[ColumnElement[bool]]]:
        """Return the last blob of the next ones, None at the end, and the condition for all."""
        part = [] if self.after is None else [Blob.id > self.after]
        query = select(Blob.id).where(*part).order_by(Blob.id).offset(looked_at - 1).limit(1)
        last = session.scalar(query)
        return last, part if last is None else [*part, Blob.id <= last]


def reclaim(db: Database, grace_seconds: float, limit: int = DELETED) -> int:
    """Delete at most ``limit`` blobs that nothing has referred to since the grace time began.

    Looks at all of them: the sweeper goes by ``Reclaiming``. Returns how many went.
    """
    everything = 10**9
    return Reclaiming().round(db, grace_seconds, looked_at=everything, limit=limit)


def _reclaim_one(db: Database, blob_id: str, condition: Sequence[ColumnElement[bool]]) -> bool:
    """Delete a blob if it still meets the condition; its chunks a few at a time."""
    with db.write() as session:
        # Whoever is about to refer to the blob holds its row: we look again after that.
        query = select(Blob.location, Blob.sha256).where(Blob.id == blob_id).with_for_update()
        found = session.execute(query).one_or_none()
        # Without its sha256 nobody can come upon its bytes any more.
        doomed = update(Blob).where(Blob.id == blob_id, *condition).values(sha256=None)
        if session.execute(doomed).rowcount == 0:  # type: ignore[attr-defined]
            return False
    if found is not None and found.location is not None:
        if not _delete_object(db, found.location, unfinished=found.sha256 is None):
            return False
    else:
        delete_chunks(db, blob_id)
    with db.write() as session:
        session.execute(delete(Blob).where(Blob.id == blob_id))
    return True


def delete_chunks(db: Database, blob_id: str) -> None:
    """Delete what the database has of a blob's bytes, a few chunks at a time."""
    with db.read() as session:
        last = select(func.max(BlobChunk.number)).where(BlobChunk.blob_id == blob_id)
        count = (session.scalar(last) or 0) + 1
    for first in range(0, count, CHUNKS_AT_ONCE):
        some = BlobChunk.number.between(first, first + CHUNKS_AT_ONCE - 1)
        with db.write() as session:
            session.execute(delete(BlobChunk).where(BlobChunk.blob_id == blob_id, some))


def _delete_object(db: Database, location: str, unfinished: bool) -> bool:
    """Delete the object of a blob that nobody can come upon any more, unless a backup may.

    Asked once the blob's end has committed: a backup that begins after that does not see it.
    """
    if db.store is None:
        return False
    with db.read() as session:
        if session.scalar(select(HELD)):
            return False
    db.store.delete(location, unfinished)
    return True


def _unreferenced() -> list[ColumnElement[bool]]:
    """Return a condition for every column of the schema that refers to blobs, chunks aside."""
    columns = [
        key.parent
        for table in Base.metadata.tables.values()
        for key in table.foreign_keys
        if key.column is Blob.__table__.c.id and table is not BlobChunk.__table__
    ]
    return [~exists().where(column == Blob.id) for column in columns]
