"""Blobs that nobody needs any more go: the row is marked, then the bytes go, then the row."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

from sqlalchemy import Row, Select, delete, exists, func, or_, select, update
from sqlalchemy.orm import Session
from sqlalchemy.sql.elements import ColumnElement

from shared.blob_tables import DOOMED, HELD, IS_RELEASED, Blob, BlobChunk
from shared.db import Base, Database, database_time
from shared.errors import StoreAway

Condition = Sequence[ColumnElement[bool]]
# Blobs by their ids and locations.
Found = Sequence[Row[str, str | None]]
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
    """Goes over the blobs in the order of their ids, a part each round, and then anew.

    The newest of those that were released are looked at in every round.
    """

    after: str | None = None

    def round(
        self, db: Database, grace_seconds: float, looked_at: int = LOOKED_AT, limit: int = DELETED
    ) -> int:
        """Delete those of the next blobs that nothing has referred to since the grace time began.

        Looked for without a lock first, then checked again under it. Returns how many went. Raises
        ``StoreAway`` where an object could not be deleted; the next round begins behind it.
        """
        condition = (Blob.touched_at < database_time() - grace_seconds, *_unreferenced())
        with db.read() as session:
            last, part = self._part(session, looked_at)
            found = _candidates(db, condition, limit)
            released = session.execute(found.where(Blob.id.in_(_released(looked_at)))).all()
            others = session.execute(found.where(*part)).all()
        gone = _reclaim_all(db, released, condition)
        self.after = others[-1].id if len(others) == limit else last
        return gone + self._reclaim_others(db, others, condition)

    def _reclaim_others(self, db: Database, found: Found, condition: Condition) -> int:
        try:
            return _reclaim_all(db, found, condition)
        except _Undeletable as error:
            self.after = error.blob_id
            raise

    def _part(
        self, session: Session, looked_at: int
    ) -> tuple[str | None, list[ColumnElement[bool]]]:
        """Return the last blob of the next ones, None at the end, and the condition for all."""
        part = [] if self.after is None else [Blob.id > self.after]
        query = select(Blob.id).where(*part).order_by(Blob.id).offset(looked_at - 1).limit(1)
        last = session.scalar(query)
        return last, part if last is None else [*part, Blob.id <= last]


class _Undeletable(StoreAway):
    """An object could not be deleted."""

    def __init__(self, blob_id: str, error: StoreAway):
        super().__init__(str(error))
        self.blob_id = blob_id


def _candidates(db: Database, condition: Condition, limit: int) -> Select[str, str | None]:
    here = Blob.location.is_(None)
    within = or_(here, ~HELD) if db.store else here
    query = select(Blob.id, Blob.location).where(*condition, within)
    return query.order_by(Blob.id).limit(limit)


def _released(looked_at: int) -> Select[str]:
    return select(Blob.id).where(IS_RELEASED).order_by(Blob.id.desc()).limit(looked_at)


def _reclaim_all(db: Database, found: Found, condition: Condition) -> int:
    """Delete blobs; once an object cannot be deleted, only those of the database."""
    gone, failed = 0, None
    for blob_id, location in found:
        if failed is not None and location is not None:
            continue
        try:
            gone += _reclaim_one(db, blob_id, condition)
        except StoreAway as error:
            failed = _Undeletable(blob_id, error)
    if failed is not None:
        raise failed
    return gone


def reclaim(db: Database, grace_seconds: float, limit: int = DELETED) -> int:
    """Delete at most ``limit`` blobs that nothing has referred to since the grace time began.

    Looks at all of them: the sweeper goes by ``Reclaiming``. Returns how many went.
    """
    everything = 10**9
    return Reclaiming().round(db, grace_seconds, looked_at=everything, limit=limit)


def _reclaim_one(db: Database, blob_id: str, condition: Condition) -> bool:
    """Delete a blob if it still meets the condition; its chunks a few at a time."""
    with db.write() as session:
        # Whoever is about to refer to the blob holds its row: we look again after that.
        query = select(Blob.location, Blob.sha256).where(Blob.id == blob_id).with_for_update()
        found = session.execute(query).one_or_none()
        # Without its sha256 nobody can come upon its bytes any more, and who writes them still
        # learns by the mark that they are let go.
        doomed = update(Blob).where(Blob.id == blob_id, *condition)
        doomed = doomed.values(sha256=None, touched_at=DOOMED)
        if session.execute(doomed).rowcount == 0:  # type: ignore[attr-defined]
            return False
    if found is not None and found.location is not None:
        if not _delete_object(db, found.location, unfinished=found.sha256 is None):
            return False
    else:
        delete_chunks(db, blob_id)
    with db.write() as session:
        session.execute(delete(Blob).where(Blob.id == blob_id, Blob.touched_at == DOOMED))
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
