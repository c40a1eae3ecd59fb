"""Who stalls at the worst moment, and what is lost: no bytes that somebody refers to go."""

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import delete, select, update

import cli.backups.writing
from cli.backups.writing import back_up
from shared import blob_ends, blob_moves
from shared.blob_ends import Reclaiming
from shared.blob_moves import left_to_move, move
from shared.blobs import CHUNK_BYTES, Blob, BlobChunk, StoredBlob, read_blob, reclaim, write_blob
from shared.checkpoints.services import keep_state
from shared.db import Database, database_time
from shared.errors import BlobMissing, StoreAway
from tests.support.buckets import Bucket
from tests.support.factories import claim_job, do, make_blob, make_training_job

ON_SQLITE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def age(db: Database, seconds: float = 61) -> None:
    """Let so much time have passed for every blob."""
    do(db, lambda s: s.execute(update(Blob).values(touched_at=database_time() - seconds)))


def refer(db: Database, blob: StoredBlob) -> None:
    """Let a job's state be the blob."""
    job = make_training_job(db)
    claim_job(db, job)
    do(db, lambda s: keep_state(s, job.id, 1, blob))


def content(db: Database, blob_id: str) -> bytes:
    """Return a blob's bytes."""
    return b"".join(read_blob(db, blob_id))


class Sweeper:
    """Reclaims in a thread of its own, and stops between its mark and its end."""

    def __init__(self, db: Database):
        self.db, self.gone = db, -1
        self.reached, self._go = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._run)

    def _run(self) -> None:
        self.gone = reclaim(self.db, 60)

    def stalls(self, action: Callable[..., Any]) -> Callable[..., Any]:
        """Return an action that begins when it may."""

        def late(*arguments: Any, **options: Any) -> Any:
            self.reached.set()
            assert self._go.wait(20)
            return action(*arguments, **options)

        return late

    def begin(self) -> None:
        """Mark what is old, and stop there."""
        age(self.db)
        self._thread.start()
        assert self.reached.wait(20)

    def end(self) -> None:
        """Delete what was marked."""
        self._go.set()
        self._thread.join(20)
        self.db.close()


@pytest.fixture
def sweeper(database_url: str, bucket: Bucket) -> Sweeper:
    """One whose store is late."""
    store = bucket.store()
    found = Sweeper(Database(database_url, store=store))
    store.delete = found.stalls(store.delete)  # type: ignore[method-assign]
    return found


def stalling(sweeper: Sweeper) -> Iterator[bytes]:
    """Yield two pieces; the sweeper takes the writer's beginning for left over in between."""
    yield b"a" * CHUNK_BYTES
    sweeper.begin()
    yield b"b"


def test_a_writer_whose_object_is_let_go_learns_it(stored: Database, sweeper: Sweeper) -> None:
    """It gets no blob that is about to lose its bytes."""
    with pytest.raises(BlobMissing, match="came slowly"):
        write_blob(stored, stalling(sweeper))
    sweeper.end()
    with stored.read() as session:
        assert session.scalars(select(Blob.id)).all() == []


def test_so_does_one_whose_chunks_are(
    db: Database, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In the database alone."""
    sweeper = Sweeper(Database(database_url))
    late = sweeper.stalls(blob_ends.delete_chunks)
    monkeypatch.setattr(blob_ends, "delete_chunks", late)
    with pytest.raises(BlobMissing, match="came slowly"):
        write_blob(db, stalling(sweeper))
    sweeper.end()
    assert sweeper.gone == 1


def test_a_move_keeps_the_bytes_until_they_are_safe(
    stored: Database, database_url: str, sweeper: Sweeper
) -> None:
    """What was uploaded too slowly is let go; the blob stays where it was, and moves next time."""
    plain = Database(database_url)
    blob = make_blob(plain, b"x" * 300_000)
    refer(plain, blob)
    assert stored.store is not None
    write = stored.store.write

    def slowly(name: str, pieces: Any) -> None:
        write(name, pieces)
        if not sweeper.reached.is_set():
            sweeper.begin()

    stored.store.write = slowly  # type: ignore[method-assign]
    with pytest.raises(BlobMissing):
        list(move(stored))
    sweeper.end()
    assert content(stored, blob.id) == b"x" * 300_000
    assert list(move(stored)) == [300_000]
    assert content(stored, blob.id) == b"x" * 300_000
    plain.close()


@ON_SQLITE
def test_a_backup_is_told_of_while_tables_are_written(
    stored: Database, sweeper: Sweeper, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However long they take, and its hold does not end under it without a word."""
    make_blob(stored, b"y")
    url, store = stored.engine.url.render_as_string(hide_password=False), stored.store
    monkeypatch.setattr(cli.backups.writing, "RENEW_SECONDS", 0.0)
    back_up(url, tmp_path / "kept", store)
    monkeypatch.setattr(blob_moves, "HOLD_SECONDS", -1.0)
    with pytest.raises(BlobMissing, match="objects may have been deleted"):
        back_up(url, tmp_path / "late", store)
    assert not (tmp_path / "late").exists()


@ON_SQLITE
def test_a_lost_object_comes_back_with_its_bytes(stored: Database, bucket: Bucket) -> None:
    """Whoever stores them again heals what refers to them."""
    blob = make_blob(stored, b"z" * 1000)
    for body in (None, b"", b"z" * 10):
        (name,) = bucket.objects()
        if body is None:
            bucket.client.delete_object(Bucket=bucket.name, Key=name)
        else:
            bucket.client.put_object(Bucket=bucket.name, Key=name, Body=body)
        for start in (0, 500):
            with pytest.raises(BlobMissing):
                list(read_blob(stored, blob.id, start))
        assert write_blob(stored, [b"z" * 1000]).id == blob.id
        assert content(stored, blob.id) == b"z" * 1000
        bucket.client.delete_object(Bucket=bucket.name, Key=name)


@ON_SQLITE
def test_one_object_that_stays_holds_up_no_other(stored: Database, database_url: str) -> None:
    """Nor what is in the database itself."""
    plain = Database(database_url)
    ids = sorted([*(make_blob(stored, f"b{n}".encode()).id for n in range(4)),
                  make_blob(plain, b"here").id])  # fmt: skip
    with stored.read() as session:
        bad = session.get_one(Blob, ids[0]).location
    age(stored)
    assert stored.store is not None
    delete_object = stored.store.delete

    def refuse(name: str, unfinished: bool = False) -> None:
        if name == bad:
            raise StoreAway("access denied")
        delete_object(name, unfinished)

    stored.store.delete = refuse  # type: ignore[method-assign]
    rounds = Reclaiming()
    with pytest.raises(StoreAway):
        rounds.round(stored, 60)
    assert rounds.round(stored, 60) == 3
    with stored.read() as session:
        assert session.scalars(select(Blob.id)).all() == [ids[0]]
    plain.close()


@ON_SQLITE
def test_a_damaged_blob_holds_up_no_move(stored: Database, database_url: str) -> None:
    """It is named at the end."""
    plain = Database(database_url)
    ids = sorted(make_blob(plain, f"b{n}".encode()).id for n in range(3))
    do(plain, lambda s: s.execute(delete(BlobChunk).where(BlobChunk.blob_id == ids[0])))
    moving = move(stored)
    assert [next(moving), next(moving)] == [2, 2]
    with pytest.raises(BlobMissing, match=f"1 blobs stay .*{ids[0]}"):
        next(moving)
    assert left_to_move(stored) == 1
    plain.close()


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_a_snapshot_is_not_idle_while_objects_come(
    stored: Database, database_url: str, bucket: Bucket, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    """PostgreSQL would end it."""
    make_blob(stored, b"q" * (3 * CHUNK_BYTES))
    idle = "SET LOCAL idle_in_transaction_session_timeout = '2s'"
    monkeypatch.setattr("shared.db.SLOW_READER", idle)
    monkeypatch.setattr(cli.backups.writing, "RENEW_SECONDS", 0.0)
    store = bucket.store()
    read, waits = store.read, threading.Event()

    def late(*arguments: Any) -> bytes:
        waits.wait(1.2)
        return read(*arguments)

    store.read = late  # type: ignore[method-assign,assignment]
    assert back_up(database_url, tmp_path / "b", store).blobs.bytes == 3 * CHUNK_BYTES


def test_released_bytes_go_first(db: Database) -> None:
    """However many blobs there are, what replaced states leave goes in the next round."""
    for n in range(5):
        make_blob(db, f"kept {n}".encode())
    job = make_training_job(db)
    lease = claim_job(db, job)
    for state in (b"a state", b"the next one"):
        stored = make_blob(db, state)
        do(db, lambda s, stored=stored: keep_state(s, job.id, lease.attempt, stored))  # type: ignore[misc]
    assert Reclaiming().round(db, 60, looked_at=2) == 1
