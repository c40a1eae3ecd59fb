"""A generation job's text while it is written, with a sampler that is only fast: a fake."""

import gc
import tracemalloc
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import update

from shared.db import Database
from shared.jobs import services
from shared.jobs.models import Event, Job, Output
from shared.jobs.queries import list_events, list_outputs, output_text
from shared.jobs.records import CUT_SHORT, INLINE_BYTES
from shared.jobs.rows import Lease
from shared.jobs.written import with_texts
from shared.settings import Settings
from tests.support.factories import claim_job, make_generation_job, reload
from tests.support.nodes import RaisedAfter, make_node
from worker.engine.sampling import Stream
from worker.generation import run_generation
from worker.heartbeat import Heartbeat

# What is stored is so on both databases in the tests of jobs; here the engine takes the time.
pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

# One to four bytes a character.
LINE = "aä秋🌊 and then\n"
PART, MIB = 1000, 1024 * 1024


class FastWriter:
    """Writes the same line over and over, from where each text's number says."""

    def __init__(self, _model: Any, _vocabulary: Any, streams: list[Stream], spec: Any, _: int):
        self.streams, self.length = streams, spec.length

    def run(self, should_stop: Callable[[], bool]) -> Iterator[list[str]]:
        """Yield a part of each text."""
        while any(stream.written < self.length for stream in self.streams):
            yield [self._part(stream) for stream in self.streams]
            if self.streams[0].written < self.length and should_stop():
                for stream in self.streams:
                    stream.finish_reason = "cancelled"
                return
        for stream in self.streams:
            stream.finish_reason = "length"

    def _part(self, stream: Stream) -> str:
        first = (stream.number + stream.written) % len(LINE)
        size = min(PART, self.length - stream.written)
        stream.written += size
        return expected(first, size)


def expected(number: int, length: int) -> str:
    """Return text ``number``, from 0, as ``FastWriter`` writes it."""
    return (LINE * (length // len(LINE) + 2))[number : number + length]


@pytest.fixture(autouse=True)
def _fast(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("worker.generation.Writer", FastWriter)
    monkeypatch.setattr("worker.generation.character_model", lambda *_: SimpleNamespace(keras="3"))


def run(db: Database, settings: Settings, lease: Lease, **parts: Any) -> None:
    """Run a claimed job."""
    node = make_node(db, settings, **parts)
    with Heartbeat(node, lease) as heartbeat:
        run_generation(node, reload(db, lease), lease, heartbeat)


def outputs(db: Database, job: Job) -> list[Output]:
    """Return a job's outputs."""
    with db.read() as session:
        return list_outputs(session, job.id).data


def text_events(db: Database, job: Job) -> list[Event]:
    """Return a job's events of written text."""
    with db.read() as session:
        events = list_events(session, job.id, limit=1000).data
    return [event for event in events if event.type == "text"]


def heard(db: Database, job: Job) -> dict[int, str]:
    """Return each text as one hears it who follows the events; every piece goes on gaplessly."""
    found: dict[int, str] = {}
    for data in with_texts(db, job.id, text_events(db, job)):
        for piece in data["pieces"]:
            if piece["text"] is not None:
                before = found.get(piece["number"], "")
                assert piece["start"] == len(before)
                assert piece["start_byte"] == len(before.encode())
                found[piece["number"]] = before + piece["text"]
    return found


@pytest.mark.parametrize("length", [1, 30_000, 100_000])
def test_the_events_add_up_to_the_texts(db: Database, settings: Settings, length: int) -> None:
    """Short ones in their rows and long ones in blobs; no piece of either is left."""
    job = make_generation_job(db, length=length, count=2, context="state")
    run(db, settings, claim_job(db, job))
    texts = {row.number: b"".join(output_text(db, row)).decode() for row in outputs(db, job)}
    assert texts == {number: expected(number - 1, length) for number in (1, 2)}
    assert heard(db, job) == texts
    assert {row.blob_id is None for row in outputs(db, job)} == {
        len(texts[1].encode()) <= INLINE_BYTES
    }
    assert reload(db, job).status == "succeeded"


def test_an_event_is_small(db: Database, settings: Settings) -> None:
    """4 KiB of a text, and what came with the last part."""
    job = make_generation_job(db, length=100_000, context="state")
    run(db, settings, claim_job(db, job))
    sizes = [piece["bytes"] for event in text_events(db, job) for piece in event.data["pieces"]]
    assert max(sizes) < 4096 + len((LINE * PART)[:PART].encode()) + 4
    assert len(sizes) < 40


def test_the_text_is_seen_while_it_is_written(
    db: Database, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before the job has any output."""
    job = make_generation_job(db, length=20_000, context="state")
    seen = []

    class Watched(FastWriter):
        def _part(self, stream: Stream) -> str:
            seen.append((heard(db, job).get(1, ""), len(outputs(db, job))))
            return super()._part(stream)

    monkeypatch.setattr("worker.generation.Writer", Watched)
    run(db, settings, claim_job(db, job))
    lengths = [len(text) for text, _ in seen]
    assert all(count == 0 for _, count in seen)
    assert lengths == sorted(lengths)
    assert lengths[-1] > 10_000


def test_a_lost_attempt_is_written_anew(
    db: Database, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its pieces are void and the text is the same; what it finished is told and kept once."""
    monkeypatch.setattr("worker.generation.MOST_STREAMS", 2)
    job = make_generation_job(db, length=30_000, count=3, context="state")

    class Killed(FastWriter):
        def _part(self, stream: Stream) -> str:
            if stream.number == 2 and stream.written == 20_000:
                raise KeyboardInterrupt
            return super()._part(stream)

    with monkeypatch.context() as patch:
        patch.setattr("worker.generation.Writer", Killed)
        lease = claim_job(db, job)
        with pytest.raises(KeyboardInterrupt):
            run(db, settings, lease)
    assert len(heard(db, job)[3]) > 10_000
    with db.write() as session:
        services.lose(session, lease, "killed")
    run(db, settings, claim_job(db, job))
    assert heard(db, job) == {number: expected(number - 1, 30_000) for number in (1, 2, 3)}
    assert [b"".join(output_text(db, row)).decode() for row in outputs(db, job)] == list(
        heard(db, job).values()
    )


def test_a_text_that_was_recorded_alone_stays(db: Database, settings: Settings) -> None:
    """Where a worker died between two of them, the first is neither stored nor told again."""
    job = make_generation_job(db, length=3_000, count=2, context="state")
    run(db, settings, claim_job(db, job))
    (first, _) = outputs(db, job)
    lost = update(Output).where(Output.job_id == job.id, Output.number == 2)
    with db.write() as session:
        session.execute(lost.values(finish_reason=CUT_SHORT))
        session.execute(update(Job).where(Job.id == job.id).values(status="queued"))
    run(db, settings, claim_job(db, job))
    assert [row.number for row in outputs(db, job)] == [1, 2]
    assert outputs(db, job)[0].id == first.id
    assert heard(db, job) == {number: expected(number - 1, 3_000) for number in (1, 2)}


def test_a_worker_told_to_stop_leaves_no_output(db: Database, settings: Settings) -> None:
    """Its pieces are seen until the next attempt drops them."""
    job = make_generation_job(db, length=30_000, context="state")
    run(db, settings, claim_job(db, job), stop=RaisedAfter(12))
    assert reload(db, job).status == "queued"
    assert outputs(db, job) == []
    begun = heard(db, job)[1]
    assert begun == expected(0, 30_000)[: len(begun)]
    assert len(begun) == 13_000
    run(db, settings, claim_job(db, job))
    assert heard(db, job) == {1: expected(0, 30_000)}


@pytest.mark.parametrize("length", [30_000, 1_000_000])
def test_a_cancelled_job_keeps_what_was_seen(db: Database, settings: Settings, length: int) -> None:
    """The output is what the events told, in its row or in a blob."""
    job = make_generation_job(db, length=length, context="state")

    class Cancelling:
        def __init__(self) -> None:
            self.looks = 0

        def is_up(self) -> bool:
            self.looks += 1
            if self.looks == length // 2000:
                with db.write() as session:
                    services.cancel(session, job.id)
            return False

    run(db, settings, claim_job(db, job), stop=Cancelling())
    (row,) = outputs(db, job)
    text = b"".join(output_text(db, row)).decode()
    assert (row.finish_reason, reload(db, job).status) == ("cancelled", "cancelled")
    assert length // 2 <= row.characters == len(text) < length
    assert (row.blob_id is None) == (length == 30_000)
    assert heard(db, job) == {1: text}


def test_memory_does_not_grow_with_the_length(db: Database, settings: Settings) -> None:
    """Four million characters, ten megabytes, pass through half as much."""
    run(db, settings, claim_job(db, make_generation_job(db, length=50_000, context="state")))
    job = make_generation_job(db, length=4_000_000, context="state")
    lease = claim_job(db, job)
    # The tests look for garbage more seldom than a worker does.
    often, seldom = (700, 10, 10), gc.get_threshold()
    gc.set_threshold(*often)
    tracemalloc.start()
    try:
        run(db, settings, lease)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
        gc.set_threshold(*seldom)
    assert peak < 5 * MIB
    (row,) = outputs(db, job)
    assert sum(map(len, output_text(db, row))) == len(expected(0, 4_000_000).encode())
