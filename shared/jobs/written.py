"""Texts while they are written: in pieces, each stored with the event that tells where it is.

A finished text is moved to where texts are kept; its events go on telling the same places.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from itertools import accumulate, groupby
from typing import Any

from sqlalchemy import delete, func, insert, select
from sqlalchemy.orm import Session

from shared.blobs import read_blob
from shared.db import Database
from shared.jobs.models import Event, Output, OutputPiece, Sample
from shared.jobs.queries import NO_TEXT
from shared.jobs.records import DISCARDED, NewOutput, record_output
from shared.jobs.rows import Lease, fence, happened
from shared.pages import Page

TEXT, SAMPLE = "text", "sample"
# Read at once while a text is moved.
PIECE_ROWS = 50
# What the events of one page may carry in bytes, and what a piece costs besides its text.
MOST_CARRIED, PLACE_BYTES = 1024 * 1024, 100


@dataclass(frozen=True, order=True)
class Place:
    """Where a piece stands in text ``number``: in characters, and in bytes of UTF-8."""

    number: int
    start: int
    characters: int
    start_byte: int
    bytes: int


@dataclass(frozen=True)
class NewPiece:
    """What a text goes on with; so many characters and bytes are before it."""

    number: int
    start: int
    start_byte: int
    text: str

    def place(self) -> Place:
        """Return where it stands."""
        size = len(self.text.encode())
        return Place(self.number, self.start, len(self.text), self.start_byte, size)


def write_pieces(
    session: Session, lease: Lease, pieces: Sequence[NewPiece], **values: Any
) -> str | None:
    """Store pieces with one event for all, and change the job's row; return what was requested.

    Done again after a commit whose answer was lost, it adds nothing. Raises ``LeaseLost``.
    """
    requested = fence(session, lease, **values)
    if not pieces or _is_there(session, lease, pieces[0]):
        return requested
    happened(session, lease, TEXT, {"pieces": [asdict(piece.place()) for piece in pieces]})
    rows = [
        {"job_id": lease.job_id, "number": p.number, "start": p.start, "text": p.text}
        for p in pieces
    ]
    session.execute(insert(OutputPiece), rows)
    return requested


def finish_text(session: Session, lease: Lease, output: NewOutput) -> None:
    """Record a text that was written in pieces, and delete those: it is stored once.

    Where it has no blob, its text is that of the pieces. Raises ``LeaseLost``.
    """
    mine = OutputPiece.job_id == lease.job_id, OutputPiece.number == output.number
    if output.blob is None:
        pieces = session.scalars(select(OutputPiece.text).where(*mine).order_by(OutputPiece.start))
        output = replace(output, text="".join(pieces))
    record_output(session, lease, output)
    session.execute(delete(OutputPiece).where(*mine))


def written_bytes(db: Database, job_id: str, number: int) -> Iterator[bytes]:
    """Yield the UTF-8 bytes of a text that is being written, holding no transaction between."""
    query = select(OutputPiece).where(OutputPiece.job_id == job_id, OutputPiece.number == number)
    query, after = query.order_by(OutputPiece.start).limit(PIECE_ROWS), -1
    while True:
        with db.read() as session:
            rows = session.scalars(query.where(OutputPiece.start > after)).all()
        if not rows:
            return
        after = rows[-1].start
        for row in rows:
            yield row.text.encode()


def written_ends(session: Session, job_id: str, most: int) -> dict[int, tuple[int, str]]:
    """Return the ends of the texts that are being written: of each number how many characters are
    before its end, and that end of about ``most`` characters."""
    last = select(OutputPiece.number, func.max(OutputPiece.start))
    last = last.where(OutputPiece.job_id == job_id).group_by(OutputPiece.number)
    ends: dict[int, tuple[int, str]] = {}
    for number, start in session.execute(last).all():
        mine = OutputPiece.job_id == job_id, OutputPiece.number == number
        end = select(OutputPiece).where(*mine, OutputPiece.start >= start - most)
        pieces = session.scalars(end.order_by(OutputPiece.start)).all()
        ends[number] = (pieces[0].start, "".join(piece.text for piece in pieces))
    return ends


def shortened(page: Page[Event]) -> Page[Event]:
    """Return a page without the last events where all would carry too much text."""
    carried = accumulate(
        sum(piece["bytes"] + PLACE_BYTES for piece in _pieces(event)) for event in page.data
    )
    fitting = max(1, sum(1 for bytes_ in carried if bytes_ <= MOST_CARRIED))
    return page if fitting >= len(page.data) else Page(page.data[:fitting], has_more=True)


def with_texts(db: Database, job_id: str, events: Sequence[Event]) -> list[dict[str, Any]]:
    """Return each event's data, and in it each piece's text: None where it was discarded.

    That of a sample has its text, too.
    """
    places = {Place(**piece) for event in events for piece in _pieces(event)}
    texts = read_places(db, job_id, places)
    # Read last: what is begun anew meanwhile may stand in the same places.
    discarded = _discarded(db, job_id) if places else {}

    def told(event: Event, piece: dict[str, int]) -> dict[str, Any]:
        void = event.seq < discarded.get(piece["number"], 0)
        return piece | {"text": None if void else texts.get(Place(**piece))}

    samples = _samples(db, [event.data["id"] for event in events if event.type == SAMPLE])

    def tells(event: Event) -> dict[str, Any]:
        if event.type == TEXT:
            return {"pieces": [told(event, piece) for piece in _pieces(event)]}
        return event.data | samples.get(event.data.get("id", ""), {})

    return [tells(event) for event in events]


def read_places(db: Database, job_id: str, places: Iterable[Place]) -> dict[Place, str]:
    """Return the text in each place of a job's texts, wherever it is kept; others are left out."""
    found: dict[Place, str] = {}
    for number, group in groupby(sorted(places), lambda place: place.number):
        found |= _read(db, job_id, number, list(group))
    return found


def _read(db: Database, job_id: str, number: int, places: list[Place]) -> dict[Place, str]:
    starts = {place.start for place in places}
    mine = OutputPiece.job_id == job_id, OutputPiece.number == number
    with db.read() as session:
        # In this order: a text that is finished meanwhile is found in its output.
        rows = session.scalars(select(OutputPiece).where(*mine, OutputPiece.start.in_(starts)))
        standing = {row.start: row.text for row in rows}
        finished = select(Output).where(Output.job_id == job_id, Output.number == number)
        output = session.scalar(finished)
    if output is None:
        return {place: standing[place.start] for place in places if place.start in standing}
    if output.blob_id is None:
        text = output.text or ""
        return {place: text[place.start : place.start + place.characters] for place in places}
    return _from_blob(db, output.blob_id, places)


def _from_blob(db: Database, blob_id: str, places: list[Place]) -> dict[Place, str]:
    """Return the text in places that stand in order, reading the blob once."""
    at, buffer, found = places[0].start_byte, bytearray(), {}
    chunks = read_blob(db, blob_id, at)
    for place in places:
        end = place.start_byte + place.bytes
        while at + len(buffer) < end and (chunk := next(chunks, b"")):
            passed = min(place.start_byte - at, len(buffer))
            del buffer[:passed]
            buffer += chunk
            at += passed
        found[place] = buffer[place.start_byte - at : end - at].decode()
    return found


def _is_there(session: Session, lease: Lease, piece: NewPiece) -> bool:
    key = (lease.job_id, piece.number, piece.start)
    return session.get(OutputPiece, key) is not None


def _pieces(event: Event) -> list[dict[str, int]]:
    pieces: list[dict[str, int]] = event.data["pieces"] if event.type == TEXT else []
    return pieces


def _samples(db: Database, ids: list[str]) -> dict[str, dict[str, Any]]:
    if not ids:
        return {}
    columns = Sample.id, Sample.temperature, Sample.prompt, Sample.text
    with db.read() as session:
        rows = session.execute(select(*columns).where(Sample.id.in_(ids))).all()
    return {row.id: dict(row._mapping) for row in rows}


def _discarded(db: Database, job_id: str) -> dict[int, int]:
    """Return for each text that was begun anew the number of the event that last said so."""
    query = select(Event.seq, Event.data).where(Event.job_id == job_id, Event.type == DISCARDED)
    with db.read() as session:
        rows = session.execute(query.where(NO_TEXT).order_by(Event.seq)).all()
    return {number: seq for seq, data in rows for number in data["numbers"]}
