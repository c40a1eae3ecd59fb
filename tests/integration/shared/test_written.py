"""Texts while they are written: their pieces, their events, and what becomes of both."""

import pytest
from sqlalchemy import func, select

from shared.blobs import write_blob
from shared.db import Database
from shared.jobs import records, services
from shared.jobs.models import Event, OutputPiece
from shared.jobs.queries import list_events, list_moves, list_outputs, output_text
from shared.jobs.records import NewOutput, drop_unfinished
from shared.jobs.rows import Lease
from shared.jobs.written import (
    MOST_CARRIED,
    NewPiece,
    finish_text,
    read_places,
    shortened,
    with_texts,
    write_pieces,
    written_bytes,
)
from shared.pages import Page
from tests.support.factories import claim_job, do, make_generation_job, reload, write_text

# One to four bytes a character.
MIXED = "aä秋🌊\n"


@pytest.fixture
def lease(db: Database) -> Lease:
    """A running generation job."""
    return claim_job(db, make_generation_job(db, count=3))


def pieces_left(db: Database, lease: Lease) -> int:
    """Return how many pieces stand."""
    with db.read() as session:
        query = select(func.count()).where(OutputPiece.job_id == lease.job_id)
        return session.scalars(query).one()


def text_events(db: Database, lease: Lease) -> list[Event]:
    """Return the events of written text."""
    with db.read() as session:
        events = list_events(session, lease.job_id, limit=1000).data
    return [event for event in events if event.type == "text"]


def told(db: Database, lease: Lease) -> list[list[str | None]]:
    """Return the texts that each event of written text is filled with."""
    events = text_events(db, lease)
    filled = with_texts(db, lease.job_id, events)
    return [[piece["text"] for piece in data["pieces"]] for data in filled]


def finish(db: Database, lease: Lease, number: int, text: str, *, blob: bool = False) -> None:
    """Finish a text whose pieces stand."""
    job_id = lease.job_id
    stored = write_blob(db, written_bytes(db, job_id, number)) if blob else None
    output = NewOutput(number, 0.6, "a", {}, len(text), 0, "length", blob=stored)
    do(db, lambda s: finish_text(s, lease, output))


@pytest.mark.parametrize("blob", [False, True])
def test_a_text_is_moved_whole(db: Database, lease: Lease, blob: bool) -> None:
    """The pieces add up to the output, and none is left; the events go on telling them."""
    parts = [MIXED * n + str(n) for n in range(1, 121)]
    write_text(db, lease, 1, *parts)
    write_text(db, lease, 2, "another")
    assert told(db, lease) == [[part] for part in [*parts, "another"]]
    finish(db, lease, 1, "".join(parts), blob=blob)
    with db.read() as session:
        (output,) = list_outputs(session, lease.job_id).data
    assert (output.text is None) == blob
    assert b"".join(output_text(db, output)).decode() == "".join(parts)
    assert pieces_left(db, lease) == 1
    assert told(db, lease) == [[part] for part in [*parts, "another"]]


def test_places_across_chunks_of_a_blob(db: Database, lease: Lease) -> None:
    """Each is found, also behind others that are not asked for, and where chunks end inside."""
    parts = [str(n) + MIXED * 6000 for n in range(12)]
    places = [piece.place() for piece in write_text(db, lease, 1, *parts)]
    finish(db, lease, 1, "".join(parts), blob=True)
    for wanted in (places, places[7:], places[2:3], places[::5], places[:1] + places[-1:]):
        found = read_places(db, lease.job_id, wanted)
        assert {p: text[:12] for p, text in found.items()} == {
            p: parts[places.index(p)][:12] for p in wanted
        }
        assert all(len(found[p]) == p.characters for p in wanted)


def test_offsets_have_no_gaps(db: Database, lease: Lease) -> None:
    """Of each text, in the order of the events; and an event carries no text itself."""
    for start in range(0, 50, 5):
        pieces = [NewPiece(n, start, 4 * start, "🌊" * 5) for n in (1, 2)]
        do(db, lambda s, pieces=pieces: write_pieces(s, lease, pieces))  # type: ignore[misc]
    ends = {1: (0, 0), 2: (0, 0)}
    for event in text_events(db, lease):
        assert [piece["number"] for piece in event.data["pieces"]] == [1, 2]
        for piece in event.data["pieces"]:
            assert "text" not in piece
            assert (piece["start"], piece["start_byte"]) == ends[piece["number"]]
            ends[piece["number"]] = (
                piece["start"] + piece["characters"], piece["start_byte"] + piece["bytes"],
            )  # fmt: skip
    assert ends == {1: (50, 200), 2: (50, 200)}


def test_pieces_that_are_written_twice_are_there_once(db: Database, lease: Lease) -> None:
    """Their worker may not have heard that the first commit went through."""
    pieces = [NewPiece(1, 0, 0, "abc"), NewPiece(2, 0, 0, "xyz")]
    for fraction in (0.1, 0.2):
        do(db, lambda s, f=fraction: write_pieces(s, lease, pieces, progress={"fraction": f}))  # type: ignore[misc]
    assert told(db, lease) == [["abc", "xyz"]]
    assert reload(db, lease).progress == {"fraction": 0.2}
    for _ in range(2):
        finish(db, lease, 1, "abc")
    with db.read() as session:
        assert [row.text for row in list_outputs(session, lease.job_id).data] == ["abc"]


def test_a_writer_hears_what_was_requested(db: Database, lease: Lease) -> None:
    """With each piece, and where there is none."""
    do(db, lambda s: services.cancel(s, lease.job_id))
    piece = NewPiece(1, 0, 0, "abc")
    assert do(db, lambda s: write_pieces(s, lease, [piece])) == "cancel"
    assert do(db, lambda s: write_pieces(s, lease, [])) == "cancel"
    assert len(text_events(db, lease)) == 1


def test_an_attempts_pieces_are_discarded(db: Database, lease: Lease) -> None:
    """The next attempt says of which texts; their old events are void, also when it is done."""
    write_text(db, lease, 1, "whole")
    finish(db, lease, 1, "whole")
    write_text(db, lease, 2, "It ", "was ")
    write_text(db, lease, 3, "x")
    do(db, lambda s: services.lose(s, lease, "killed"))
    assert told(db, lease) == [["whole"], ["It "], ["was "], ["x"]], "seen until they are dropped"
    again = claim_job(db, queue="generate")
    assert do(db, lambda s: drop_unfinished(s, again)) == {1}
    assert pieces_left(db, lease) == 0
    with db.read() as session:
        last = list_events(session, lease.job_id).data[-1]
    assert (last.type, last.data) == (records.DISCARDED, {"numbers": [2, 3]})
    assert told(db, lease) == [["whole"], [None], [None], [None]]
    write_text(db, again, 2, "It was")
    assert told(db, lease) == [["whole"], [None], [None], [None], ["It was"]]
    finish(db, again, 2, "It was", blob=True)
    assert told(db, lease) == [["whole"], [None], [None], [None], ["It was"]]


def test_a_page_of_events_is_bounded(db: Database, lease: Lease) -> None:
    """It ends before it carries too much, but has one event at least."""
    part = "a" * (MOST_CARRIED // 3)
    write_text(db, lease, 1, *[part] * 4, part * 4, "b")
    events = text_events(db, lease)
    seen = []
    while events:
        page = shortened(Page(events, has_more=False))
        seen.append(len(page.data))
        events = events[len(page.data) :]
        assert page.has_more == bool(events)
    assert seen == [2, 2, 1, 1]


def test_what_happened_is_told_without_text(db: Database, lease: Lease) -> None:
    """Thousands of events of pieces hide none of the others."""
    write_text(db, lease, 1, *"abc")
    finish(db, lease, 1, "abc")
    with db.read() as session:
        moves = list_moves(session, lease.job_id)
        later = list_moves(session, lease.job_id, after=2)
    assert [row.type for row in moves] == ["queued", "running", "output"]
    assert [row.seq for row in later] == [6]
