"""Bytes in the database: chunked, streamed, stored once, reclaimed when nothing needs them."""

import threading
import time
from collections.abc import Iterator
from hashlib import sha256

import pytest
from sqlalchemy import func, select, update

from shared.accounts.models import DEFAULT_TEAM_ID
from shared.blob_ends import Reclaiming
from shared.blobs import CHUNK_BYTES, Blob, BlobChunk, read_blob, reclaim, write_blob
from shared.corpora.services import add_corpus
from shared.db import Database, database_time
from shared.errors import BlobMissing
from shared.ids import new_id
from tests.support.factories import make_blob, make_corpus, stored_text

SIZES = [0, 1, CHUNK_BYTES - 1, CHUNK_BYTES, CHUNK_BYTES + 1, 4 * CHUNK_BYTES]


def noise(size: int) -> bytes:
    """Return bytes that differ from place to place."""
    return b"".join(sha256(str(n).encode()).digest() for n in range(size // 32 + 1))[:size]


def count(db: Database, model: type[Blob] | type[BlobChunk]) -> int:
    """Return how many rows there are."""
    with db.read() as session:
        return session.scalars(select(func.count()).select_from(model)).one()


def age(db: Database, seconds: float) -> None:
    """Make every blob look untouched for ``seconds``."""
    with db.write() as session:
        session.execute(update(Blob).values(touched_at=database_time() - seconds))


@pytest.mark.parametrize("size", SIZES)
def test_bytes_come_back_whatever_their_size(db: Database, size: int) -> None:
    """Sizes around a chunk's border lose nothing and store nothing beside."""
    data = noise(size)
    stored = make_blob(db, data)
    assert b"".join(read_blob(db, stored.id)) == data
    assert (stored.bytes, stored.sha256) == (size, sha256(data).hexdigest())
    assert count(db, BlobChunk) == -(-size // CHUNK_BYTES)


def test_pieces_of_any_size_make_the_same_chunks(db: Database) -> None:
    """How the bytes arrive does not show in how they are kept."""
    data = noise(2 * CHUNK_BYTES + 5)
    pieces = [data[i : i + 99_999] for i in range(0, len(data), 99_999)]
    assert write_blob(db, iter(pieces)) == make_blob(db, data)
    with db.read() as session:
        sizes = [len(chunk.data) for chunk in session.scalars(select(BlobChunk))]
    assert sorted(sizes) == [5, CHUNK_BYTES, CHUNK_BYTES]


@pytest.mark.parametrize(
    "start", [0, 1, CHUNK_BYTES - 1, CHUNK_BYTES, CHUNK_BYTES + 7, 2 * CHUNK_BYTES + 5, 10**9]
)
def test_reading_starts_anywhere(db: Database, start: int) -> None:
    """A broken download goes on from its offset."""
    data = noise(2 * CHUNK_BYTES + 5)
    assert b"".join(read_blob(db, make_blob(db, data).id, start)) == data[start:]


def test_equal_bytes_are_stored_once(db: Database) -> None:
    """The second writer gets the first one's blob."""
    assert make_blob(db, b"same").id == make_blob(db, b"same").id
    assert (count(db, Blob), count(db, BlobChunk)) == (1, 1)


def test_equal_bytes_at_the_same_time_are_stored_once(db: Database) -> None:
    """Writers that finish together agree on one blob; none fails."""
    found, data = [], noise(CHUNK_BYTES + 1)
    threads = [threading.Thread(target=lambda: found.append(make_blob(db, data))) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 6
    assert len({blob.id for blob in found}) == 1
    assert (count(db, Blob), count(db, BlobChunk)) == (1, 2)


def test_a_blob_that_broke_off_is_not_readable(db: Database) -> None:
    """What has no hash is not whole."""

    def breaks_off() -> Iterator[bytes]:
        yield noise(CHUNK_BYTES)
        raise ConnectionError("the upload ended early")

    with pytest.raises(ConnectionError):
        write_blob(db, breaks_off())
    with db.read() as session:
        blob_id = session.scalars(select(Blob.id)).one()
    with pytest.raises(BlobMissing, match="not whole"):
        list(read_blob(db, blob_id))


def test_an_unknown_blob_is_missing(db: Database) -> None:
    """The error names it."""
    with pytest.raises(BlobMissing, match="not stored"):
        list(read_blob(db, new_id()))


def test_a_lost_chunk_is_noticed(db: Database) -> None:
    """Damage is an error, not a shorter text."""
    stored = make_blob(db, noise(2 * CHUNK_BYTES))
    with db.write() as session:
        session.delete(session.get_one(BlobChunk, (stored.id, 1)))
    with pytest.raises(BlobMissing, match="chunk 1"):
        list(read_blob(db, stored.id))


def test_what_nothing_refers_to_is_reclaimed_after_the_grace_time(db: Database) -> None:
    """Not before, and then with its chunks."""
    make_blob(db, noise(CHUNK_BYTES + 1))
    assert reclaim(db, grace_seconds=60) == 0
    age(db, 61)
    assert reclaim(db, grace_seconds=60) == 1
    assert (count(db, Blob), count(db, BlobChunk)) == (0, 0)


def test_what_something_refers_to_is_kept(db: Database) -> None:
    """However old it is."""
    version = make_corpus(db).latest_version
    age(db, 10**6)
    assert reclaim(db, grace_seconds=60) == 0
    assert b"".join(read_blob(db, version.blob_id))


def test_a_blob_that_is_wanted_again_gets_its_grace_time_again(db: Database) -> None:
    """Whoever has just stored equal bytes has time to refer to them."""
    first = make_blob(db, b"wanted")
    age(db, 61)
    assert make_blob(db, b"wanted").id == first.id
    assert reclaim(db, grace_seconds=60) == 0


def test_a_blob_that_grows_slowly_is_kept(db: Database) -> None:
    """Text that comes for hours is not left over: each chunk begins the grace time anew."""

    def slowly() -> Iterator[bytes]:
        for _ in range(3):
            yield noise(CHUNK_BYTES)
            age(db, 40)
            assert reclaim(db, grace_seconds=60) == 0

    assert write_blob(db, slowly()).bytes == 3 * CHUNK_BYTES


def test_a_round_reclaims_only_so_many(db: Database) -> None:
    """A sweep stays short; the next one goes on."""
    for n in range(5):
        make_blob(db, f"blob {n}".encode())
    age(db, 61)
    assert [reclaim(db, 60, limit=3), reclaim(db, 60, limit=3)] == [3, 2]


def test_rounds_go_over_all_blobs(db: Database) -> None:
    """A part each, so that a round costs the same however many there are; and then anew."""
    for n in range(5):
        make_blob(db, f"blob {n}".encode())
    rounds = Reclaiming()
    assert [rounds.round(db, 60, looked_at=2) for _ in range(3)] == [0, 0, 0], "too young"
    age(db, 61)
    assert [rounds.round(db, 60, looked_at=2, limit=1) for _ in range(5)] == [1] * 5
    make_blob(db, b"another")
    age(db, 61)
    assert sum(rounds.round(db, 60, looked_at=2) for _ in range(2)) == 1


def test_a_blob_that_is_being_referred_to_is_kept(db: Database) -> None:
    """The check under the lock sees a reference that commits in between; nothing breaks."""
    stored = stored_text(db)
    age(db, 61)
    gone: list[int] = []
    sweeper = threading.Thread(target=lambda: gone.append(reclaim(db, grace_seconds=60)))
    with db.write() as session:
        corpus = add_corpus(session, DEFAULT_TEAM_ID, "just in time", stored)
        sweeper.start()
        time.sleep(0.3)
    sweeper.join()
    assert gone == [0]
    assert b"".join(read_blob(db, corpus.latest_version.blob_id))
