"""Ranges of downloads: resumed where they broke off, and read from there alone."""

import re
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from sqlalchemy import event

from shared.blobs import CHUNK_BYTES, BlobChunk
from shared.db import Database
from tests.integration.api.client import Api, problem
from tests.integration.api.outputs import add_output
from tests.support.factories import (
    claim_job,
    finish_epoch,
    make_checkpoint,
    make_corpus,
    make_generation_job,
    make_training_job,
    write_text,
)

MODEL = bytes(range(256)) * 4000
TEXTS = ("one", "道" * 100_000, "", "two\n")
WHOLE = "\n".join(TEXTS).encode()


@pytest.fixture
def model(api: Api, db: Database) -> str:
    """Where a model of four chunks is."""
    lease = claim_job(db, make_training_job(db))
    finish_epoch(db, lease, model=MODEL)
    (row,) = api.get(f"/jobs/{lease.job_id}/checkpoints").get_json()["data"]
    return str(row["links"]["model"])


@pytest.fixture
def output(db: Database) -> str:
    """Where a text is that is made of short and long ones."""
    lease = claim_job(db, make_generation_job(db))
    for number, text in enumerate(TEXTS, 1):
        add_output(db, lease, number, text)
    return f"/jobs/{lease.job_id}/output.txt"


ranges = st.tuples(st.integers(0, len(WHOLE) + 9), st.none() | st.integers(0, len(WHOLE) + 9))


@hypothesis_settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(ranges)
def test_any_range_of_joined_texts(api: Api, output: str, span: tuple[int, int | None]) -> None:
    """The bytes, their place and their number are those of the whole; beyond the end is 416."""
    first, last = span
    answer = api.get(output, {"Range": f"bytes={first}-{'' if last is None else last}"})
    if last is not None and last < first:
        assert (answer.status_code, answer.data) == (200, WHOLE), "malformed: passed over"
    elif first >= len(WHOLE):
        problem(answer, 416, "range_not_satisfiable")
        assert answer.headers["Content-Range"] == f"bytes */{len(WHOLE)}"
    else:
        end = len(WHOLE) - 1 if last is None else min(last, len(WHOLE) - 1)
        assert answer.status_code == 206
        assert answer.data == WHOLE[first : end + 1]
        assert answer.headers["Content-Range"] == f"bytes {first}-{end}/{len(WHOLE)}"
        assert answer.content_length == len(answer.data)


def test_the_last_bytes(api: Api, model: str) -> None:
    """A suffix; one that is longer than the file is the file."""
    assert api.get(model, {"Range": "bytes=-5"}).data == MODEL[-5:]
    whole = api.get(model, {"Range": "bytes=-9999999"})
    assert (whole.status_code, whole.data) == (206, MODEL)


def test_what_may_be_passed_over_is(api: Api, model: str) -> None:
    """Several ranges, another unit and nonsense are answered with the whole."""
    for asked in ("bytes=0-1,5-6", "lines=0-1", "bytes=a-b", "bytes", "bytes=5-2", ""):
        answer = api.get(model, {"Range": asked})
        assert (answer.status_code, answer.data) == (200, MODEL), asked


def test_a_range_of_the_same_version_only(api: Api, model: str) -> None:
    """If-Range with the ETag gives the range; with anything else the whole."""
    etag = api.get(model).headers["ETag"]
    asked = {"Range": "bytes=7-8"}
    assert api.get(model, asked | {"If-Range": etag}).data == MODEL[7:9]
    for other in ('"another"', f"W/{etag}", "Wed, 21 Oct 2015 07:28:00 GMT"):
        assert api.get(model, asked | {"If-Range": other}).status_code == 200


def test_conditions_go_before_ranges(api: Api, model: str) -> None:
    """What one has already is a 304, and what If-Match does not name a 412, range or not."""
    etag = api.get(model).headers["ETag"]
    again = api.get(model, {"Range": "bytes=0-1", "If-None-Match": etag})
    assert (again.status_code, again.data) == (304, b"")
    refused = api.get(model, {"Range": "bytes=0-1", "If-Match": '"another"'})
    problem(refused, 412, "precondition_failed")
    assert api.get(model, {"Range": "bytes=0-1", "If-Match": etag}).status_code == 206


@pytest.fixture
def chunks() -> Iterator[list[int]]:
    """The numbers of the chunks that are read from the database."""
    read: list[int] = []

    def note(row: BlobChunk, _context: object) -> None:
        read.append(row.number)

    event.listen(BlobChunk, "load", note)
    yield read
    event.remove(BlobChunk, "load", note)


def test_only_the_chunks_wanted_are_read(api: Api, model: str, chunks: list[int]) -> None:
    """Neither what comes before the range nor what comes behind it; for HEAD nothing at all."""
    start = 2 * CHUNK_BYTES + 10
    answer = api.get(model, {"Range": f"bytes={start}-{start + 5}"})
    assert (answer.data, chunks) == (MODEL[start : start + 6], [2])
    chunks.clear()
    head = api.head(model)
    assert (head.status_code, head.content_length, head.data) == (200, len(MODEL), b"")
    assert chunks == []


def test_every_download_says_whether_it_has_ranges(api: Api, db: Database, output: str) -> None:
    """Files of a known size have them, and their length; what is made on the way has not."""
    corpus, checkpoint = make_corpus(db, name="ranged"), make_checkpoint(db)
    training = f"/jobs/{checkpoint.job_id}"
    known = (output, f"/corpora/{corpus.id}/text", f"/checkpoints/{checkpoint.id}/model.keras")
    made = (
        output.replace(".txt", ".jsonl"),
        f"{training}/samples.txt",
        f"{training}/samples.jsonl",
    )
    for path in known:
        head, answer = api.head(path), api.get(path)
        assert head.headers["Accept-Ranges"] == answer.headers["Accept-Ranges"] == "bytes"
        assert head.content_length == answer.content_length == len(answer.data)
        assert re.fullmatch(r'"[0-9a-f]{64}"', answer.headers["ETag"])
    for path in made:
        head, answer = api.head(path, {"Range": "bytes=0-1"}), api.get(path, {"Range": "bytes=0-1"})
        assert head.status_code == answer.status_code == 200
        assert head.headers["Accept-Ranges"] == answer.headers["Accept-Ranges"] == "none"
        assert head.data == b""


def test_head_has_no_ranges(api: Api, output: str) -> None:
    """RFC 9110 defines ranges for GET alone."""
    head = api.head(output, {"Range": "bytes=0-1"})
    assert (head.status_code, head.content_length) == (200, len(WHOLE))


def test_more_texts_are_another_version(api: Api, db: Database) -> None:
    """While a job writes, each text that joins changes the ETag."""
    lease = claim_job(db, make_generation_job(db))
    path, seen = f"/jobs/{lease.job_id}/output.txt", set()
    for number in (1, 2, 3):
        seen.add(api.get(path).headers["ETag"])
        write_text(db, lease, number, "a piece")
        add_output(db, lease, number, "a piece")
    assert len(seen) == 3
