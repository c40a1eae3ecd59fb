"""Bytes in a store of objects: streamed, stored once, reclaimed, and never nobody's."""

import threading
from collections.abc import Iterator
from hashlib import sha256

import pytest
from sqlalchemy import func, select, update

import migrations
from shared.accounts.models import DEFAULT_TEAM_ID
from shared.blob_moves import held, left_to_move, move
from shared.blobs import CHUNK_BYTES, Blob, BlobChunk, read_blob, reclaim, write_blob
from shared.corpora.services import add_corpus
from shared.db import Database, database_time
from shared.errors import BlobMissing, StoreAway, UserError
from shared.stores import PART_BYTES
from tests.support.buckets import Bucket
from tests.support.factories import make_blob, stored_text

# What a dialect could make different is what is written under locks: reclaiming and moving.
ON_SQLITE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def noise(size: int) -> bytes:
    """Return bytes that differ from chunk to chunk."""
    return b"".join(sha256(str(n).encode()).digest() * 512 for n in range(size // 16384 + 1))[:size]


def count(db: Database, model: type[Blob] | type[BlobChunk]) -> int:
    """Return how many rows there are."""
    with db.read() as session:
        return session.scalars(select(func.count()).select_from(model)).one()


def age(db: Database, seconds: float = 61) -> None:
    """Make every blob look untouched for ``seconds``."""
    with db.write() as session:
        session.execute(update(Blob).values(touched_at=database_time() - seconds))


def pieces(data: bytes, size: int = CHUNK_BYTES) -> Iterator[bytes]:
    """Yield data in pieces."""
    return (data[at : at + size] for at in range(0, len(data), size))


@ON_SQLITE
@pytest.mark.parametrize("size", [0, 1, CHUNK_BYTES + 1, 2 * PART_BYTES + 5])
def test_bytes_come_back_whatever_their_size(stored: Database, bucket: Bucket, size: int) -> None:
    """As one object below the prefix, in one request or in parts; the database has none of them."""
    data = noise(size)
    blob = write_blob(stored, pieces(data, 99_999))
    assert b"".join(read_blob(stored, blob.id)) == data
    assert (blob.bytes, blob.sha256) == (size, sha256(data).hexdigest())
    ((name, held_bytes),) = bucket.objects().items()
    assert (name.startswith("some/prefix/"), held_bytes) == (True, size)
    assert (count(stored, Blob), count(stored, BlobChunk), bucket.uploads()) == (1, 0, [])


@ON_SQLITE
def test_reading_starts_anywhere_in_chunks(stored: Database) -> None:
    """Pieces end where chunks of a database would: readers count on that."""
    data = noise(5 * CHUNK_BYTES + 5)
    blob = write_blob(stored, pieces(data))
    for start in (0, 1, CHUNK_BYTES - 1, CHUNK_BYTES, 2 * CHUNK_BYTES + 7, len(data) - 1, 10**9):
        found = list(read_blob(stored, blob.id, start))
        assert b"".join(found) == data[start:]
        border = start + len(found[0]) if found else 0
        assert border in (0, len(data)) or border % CHUNK_BYTES == 0
        assert all(len(piece) == CHUNK_BYTES for piece in found[1:-1])


def test_equal_bytes_are_stored_once(stored: Database, bucket: Bucket) -> None:
    """Also where they come at the same time: one blob, one object, and no row beside."""
    found: list[str] = []
    data = noise(CHUNK_BYTES + 1)
    threads = [
        threading.Thread(target=lambda: found.append(write_blob(stored, pieces(data)).id))
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    found.append(make_blob(stored, data).id)
    assert (len(found), len(set(found))) == (5, 1)
    assert (len(bucket.objects()), count(stored, Blob)) == (1, 1)


@ON_SQLITE
@pytest.mark.parametrize("error", [UserError, ConnectionError])
def test_what_breaks_off_leaves_nothing(
    stored: Database, bucket: Bucket, error: type[Exception]
) -> None:
    """No object, no part, and the row goes at once or after its grace time."""

    def breaks_off() -> Iterator[bytes]:
        yield from pieces(noise(PART_BYTES + 1))
        assert bucket.uploads()
        raise error("the upload ended early")

    with pytest.raises(error, match="ended early"):
        write_blob(stored, breaks_off())
    assert (bucket.objects(), bucket.uploads()) == ({}, [])
    age(stored)
    assert reclaim(stored, 60) == (0 if error is UserError else 1)
    assert count(stored, Blob) == 0


@ON_SQLITE
def test_parts_of_a_writer_that_was_killed_go_with_its_row(
    stored: Database, bucket: Bucket
) -> None:
    """Nobody could abort them."""
    make_blob(stored, b"whole")
    with stored.write() as session:
        session.execute(update(Blob).values(sha256=None, location="killed"))
    bucket.client.create_multipart_upload(Bucket=bucket.name, Key="some/prefix/killed")
    bucket.client.create_multipart_upload(Bucket=bucket.name, Key="some/prefix/killed-not")
    age(stored)
    assert reclaim(stored, 60) == 1
    assert bucket.uploads() == ["some/prefix/killed-not"]


@ON_SQLITE
def test_a_blob_that_was_reclaimed_while_it_came_leaves_no_object(
    stored: Database, bucket: Bucket
) -> None:
    """Its writer was away for longer than the grace time, and is told."""

    def slowly() -> Iterator[bytes]:
        yield b"once"
        age(stored)
        assert reclaim(stored, 60) == 1

    with pytest.raises(BlobMissing, match="came slowly"):
        write_blob(stored, slowly())
    assert bucket.objects() == {}


def test_what_nothing_refers_to_is_reclaimed(stored: Database, bucket: Bucket) -> None:
    """After its grace time, with its object; what something refers to is kept."""
    text = stored_text(stored)
    with stored.write() as session:
        add_corpus(session, DEFAULT_TEAM_ID, "kept", text)
    make_blob(stored, b"nobody's")
    assert (reclaim(stored, 60), len(bucket.objects())) == (0, 2)
    age(stored)
    assert (reclaim(stored, 60), reclaim(stored, 60)) == (1, 0)
    assert (len(bucket.objects()), count(stored, Blob)) == (1, 1)
    assert b"".join(read_blob(stored, text.blob.id))


def test_a_store_that_is_away_loses_nothing(
    stored: Database, away: Database, bucket: Bucket
) -> None:
    """Reading and writing say so; a blob that was to go does so when the store is back."""
    blob = make_blob(stored, b"there")
    with pytest.raises(StoreAway):
        list(read_blob(away, blob.id))
    age(stored)
    with pytest.raises(StoreAway):
        reclaim(away, 60)
    assert (len(bucket.objects()), count(stored, Blob)) == (1, 1)
    # Nobody comes upon bytes that are about to go.
    again = make_blob(stored, b"there")
    assert again.id != blob.id
    with pytest.raises(StoreAway):
        make_blob(away, b"more")
    assert (reclaim(stored, 60), len(bucket.objects())) == (1, 1)
    assert b"".join(read_blob(stored, again.id)) == b"there"
    age(stored)
    assert (reclaim(stored, 60), bucket.objects(), count(stored, Blob)) == (2, {}, 0)


@ON_SQLITE
def test_what_an_operator_has_to_mend_is_no_lost_blob(stored: Database, bucket: Bucket) -> None:
    """A bucket that is gone is a store that is away; an object that is gone is named."""
    blob = make_blob(stored, b"there")
    ((name, _),) = bucket.objects().items()
    bucket.client.delete_object(Bucket=bucket.name, Key=name)
    with pytest.raises(BlobMissing, match=name.removeprefix("some/prefix/")):
        list(read_blob(stored, blob.id))
    bucket.client.delete_bucket(Bucket=bucket.name)
    with pytest.raises(StoreAway):
        list(read_blob(stored, blob.id))


@ON_SQLITE
def test_a_process_without_the_setting_says_what_it_lacks(
    stored: Database, database_url: str, bucket: Bucket
) -> None:
    """It reads what is in the database, and deletes no row whose object it cannot delete."""
    blob = make_blob(stored, b"there")
    plain = Database(database_url)
    here = make_blob(plain, b"in the database")
    with pytest.raises(StoreAway, match="CHARLOOM_BLOB_STORE"):
        list(read_blob(plain, blob.id))
    assert b"".join(read_blob(stored, here.id)) == b"in the database"
    age(plain)
    assert (reclaim(plain, 60), count(plain, Blob), len(bucket.objects())) == (1, 1, 1)
    plain.close()


def test_a_hold_keeps_objects_for_whoever_reads_a_moment(stored: Database, bucket: Bucket) -> None:
    """Until it ends; the database's own are deleted as ever: a snapshot keeps them."""
    blob = make_blob(stored, b"nobody's")
    age(stored)
    with held(stored), stored.snapshot():
        assert reclaim(stored, 60) == 0
        assert b"".join(read_blob(stored, blob.id)) == b"nobody's"
    assert (reclaim(stored, 60), bucket.objects()) == (1, {})


@ON_SQLITE
def test_the_migration_does_not_go_down_without_the_bytes(
    stored: Database, database_url: str
) -> None:
    """It says what to do instead, and changes nothing."""
    blob = make_blob(stored, b"there")
    with pytest.raises(RuntimeError, match="1 blobs lie in a store"):
        migrations.downgrade(database_url, "0016")
    assert b"".join(read_blob(stored, blob.id)) == b"there"


def test_blobs_move_while_they_are_read(stored: Database, database_url: str) -> None:
    """A reader goes on where he was; a move that broke off is finished by the next."""
    plain = Database(database_url)
    data = noise(3 * CHUNK_BYTES)
    first, second = write_blob(plain, pieces(data)), make_blob(plain, b"small")
    reading = read_blob(stored, first.id, 5)
    begun = next(reading)
    moving = move(stored)
    assert next(moving) == len(data)
    # As if it had been killed before it deleted the chunks.
    with stored.write() as session:
        session.add(BlobChunk(blob_id=first.id, number=0, data=b"left over"))
    moving.close()  # type: ignore[attr-defined]
    assert left_to_move(stored) == 1
    assert begun + b"".join(reading) == data[5:]
    assert list(move(stored)) == [len(b"small")]
    assert (count(stored, BlobChunk), count(stored, Blob)) == (0, 2)
    assert b"".join(read_blob(stored, second.id)) == b"small"
    plain.close()
