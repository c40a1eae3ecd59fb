"""What a job's open page asks for: news as they happen, and the state and rows that are new."""

import json
from hashlib import sha256
from typing import Any

from apiflask import APIBlueprint
from flask import Response, request
from sqlalchemy.orm import Session

from shared.jobs.models import Job, Kind
from shared.jobs.queries import get_job, list_epochs, list_moves
from web.api.streams import stream
from web.context import services, team_id
from web.fleet import reason_of
from web.headers import CACHED
from web.pages import reading
from web.pages.cards import checkpoint_card, epoch_card, event_card, grid_rows
from web.pages.failures import cures_of
from web.pages.state import state_of
from web.pages.writings import output_card

# The largest number that PostgreSQL compares with an integer column.
MOST_NUMBER = 2**31 - 1

live = APIBlueprint("live", __name__, url_prefix="/jobs", enable_openapi=False)


@live.get("/<job_id>/live.json")
def show(job_id: str) -> Response:
    """Return the state and the rows behind ``epoch``, ``sample``, ``output`` and ``event``.

    Where nothing changed since the ``If-None-Match``, the answer is 304 and no row is read.
    """
    with services().db.read() as session:
        job = get_job(session, team_id(), job_id)
        response = Response(mimetype="application/json")
        response.set_etag(_mark(job))
        response.headers["Cache-Control"] = CACHED
        response.make_conditional(request)
        if response.status_code != 304:
            response.set_data(json.dumps(_body(session, job), ensure_ascii=False))
    return response


@live.get("/<job_id>/stream")
def follow(job_id: str) -> Response:
    """Send the job's events behind ``after`` as they happen: the API's stream, for a page.

    A browser that comes again names the last event that it was sent.
    """
    last = request.headers.get("Last-Event-ID", "")
    seen = int(last) if last.isdecimal() and len(last) <= len(str(MOST_NUMBER)) else 0
    return stream(job_id, max(min(seen, MOST_NUMBER), _number("after")))


def _mark(job: Job) -> str:
    """Return what differs whenever the answer does: every row leaves an event."""
    asked = request.query_string.decode("latin-1")
    seen = [job.event_seq, job.progress, job.requested, reason_of(job), asked]
    return sha256(json.dumps(seen, sort_keys=True).encode()).hexdigest()[:32]


def _body(session: Session, job: Job) -> dict[str, Any]:
    rows = _training(session, job) if job.kind == Kind.TRAIN else _generation(session, job)
    events = list_moves(session, job.id, after=_number("event"))
    state = state_of(job) | {"cures": cures_of(job)}
    return {"state": state, "rows": rows | {"events": list(map(event_card, events))}}


def _training(session: Session, job: Job) -> dict[str, Any]:
    epochs = list_epochs(session, job.id, after=_number("epoch")).data
    samples = reading.samples_behind(session, job.id, _number("sample"))
    version, _ = reading.version_and_corpus(session, job.corpus_version_id or "")
    rows = {
        "epochs": [epoch_card(row) for row in epochs],
        "samples": grid_rows(samples, version),
    }
    if job.event_seq == _number("event"):
        return rows
    # Whole, for old ones go and another becomes the best; oldest first, as the other rows.
    shown = reversed(reading.shown_checkpoints(session, job.id))
    return rows | {"checkpoints": [checkpoint_card(row) for row in shown]}


def _generation(session: Session, job: Job) -> dict[str, Any]:
    outputs = reading.first_outputs(session, job.id, behind=_number("output"))
    version, _ = reading.text_of(session, job.corpus_version_id)
    return {"outputs": [output_card(services().db, row, version) for row in outputs]}


def _number(name: str) -> int:
    return max(0, min(MOST_NUMBER, request.args.get(name, 0, type=int)))
