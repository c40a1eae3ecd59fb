"""What a job leaves behind: lists, and downloads."""

from collections.abc import Callable
from functools import partial
from typing import Annotated, Any

from apiflask import APIBlueprint
from flask import Response
from pydantic import Field

from shared.checkpoints.queries import list_checkpoints
from shared.fields import Spec
from shared.jobs.queries import get_job, list_epochs, list_events, list_outputs, list_samples
from shared.jobs.written import shortened, with_texts
from shared.pages import Page
from web import downloads
from web.api.document import download
from web.api.faults import OF_FILES, refuses
from web.api.inputs import Number, NumberedQuery, PageQuery, Truth, takes
from web.api.schemas import CheckpointPage, EpochPage, EventPage
from web.api.streams import EVENTS, STREAMED, ListenerHeaders, stream, wants_stream
from web.api.written import OutputPage, SamplePage
from web.context import services, team_id

TEXT = download("text/plain", "The text")
MADE = download("text/plain", "The text", ranges=False)
ZIPPED = download("application/zip", "A zip file", ranges=False)
LINES = download("application/x-ndjson", "One JSON object a line", ranges=False)

Starred = Annotated[
    Truth | None, Field(description="Those with a star, or those without. Left out: all.")
]

records = APIBlueprint("records", __name__, url_prefix="/api/v1/jobs/<job_id>", tag="Jobs")


class OutputQuery(Spec):
    """Which text of a generation job."""

    number: Number | None = Field(None, description="One output's number. Left out: all of them.")


class StarQuery(Spec):
    """Which samples."""

    starred: Starred = None


class SampleQuery(PageQuery):
    """Which page of which samples."""

    starred: Starred = None


@records.get("/events")
@takes(records, NumberedQuery, "query")
@takes(records, ListenerHeaders, "headers")
@records.output(EventPage)
@records.doc(description=EVENTS, responses=STREAMED, extensions=refuses("too_many_listeners"))
def events(job_id: str, query: NumberedQuery, headers: ListenerHeaders) -> EventPage | Response:
    """List what happened to a job, oldest first, or listen to it."""
    if wants_stream():
        return stream(job_id, headers.last_event_id or query.after or 0)
    rows = shortened(_page(list_events, job_id, query))
    return EventPage.of(rows, with_texts(services().db, job_id, rows.data))


@records.get("/epochs")
@takes(records, NumberedQuery, "query")
@records.output(EpochPage)
def epochs(job_id: str, query: NumberedQuery) -> EpochPage:
    """List a job's epochs, oldest first; `after` is the last epoch seen.

    Losses in nats a character, on the text that is trained on and on what is held out.
    """
    return EpochPage.model_validate(_page(list_epochs, job_id, query))


@records.get("/checkpoints")
@takes(records, PageQuery, "query")
@records.output(CheckpointPage)
def checkpoints(job_id: str, query: PageQuery) -> CheckpointPage:
    """List a job's checkpoints, oldest first.

    Those that are kept: the newest `keep_checkpoints`, the best, and those of `keep_every`.
    """
    return CheckpointPage.of(_page(list_checkpoints, job_id, query))


@records.get("/samples")
@takes(records, SampleQuery, "query")
@records.output(SamplePage)
def samples(job_id: str, query: SampleQuery) -> SamplePage:
    """List a training job's samples, oldest first.

    What the model wrote after each epoch, at one temperature after the other, and what of it stands
    word for word in the corpus.
    """
    found = partial(list_samples, starred=query.starred)
    return SamplePage.model_validate(_page(found, job_id, query))


@records.get("/outputs")
@takes(records, PageQuery, "query")
@records.output(OutputPage)
def outputs(job_id: str, query: PageQuery) -> OutputPage:
    """List a generation job's outputs, oldest first.

    Texts up to 64 KiB stand in `text`; longer ones are at `links.text`.
    """
    return OutputPage.of(_page(list_outputs, job_id, query))


@records.get("/output.txt")
@takes(records, OutputQuery, "query")
@records.doc(responses=TEXT, extensions=refuses(*OF_FILES))
def output_txt(job_id: str, query: OutputQuery) -> Response:
    """Download the generated characters alone; several texts are joined by one newline.

    All texts, or the one of `number`. `Range` and `If-Range` are honoured; while the job writes,
    each text that joins changes the `ETag`.
    """
    return downloads.output_txt(services(), job_id, query.number)


@records.get("/output.jsonl")
@records.doc(responses=LINES)
def output_jsonl(job_id: str) -> Response:
    """Download the outputs, one JSON object a line.

    Each with its whole text, however long, and with what it was drawn by.
    """
    return downloads.output_jsonl(services(), job_id)


@records.get("/output.zip")
@records.doc(responses=ZIPPED)
def output_zip(job_id: str) -> Response:
    """Download a text file for each output, and all receipts.

    The files are named by number and temperature; the receipts are in `receipts.json`.
    """
    return downloads.output_zip(services(), job_id)


@records.get("/samples.txt")
@takes(records, StarQuery, "query")
@records.doc(responses=MADE)
def samples_txt(job_id: str, query: StarQuery) -> Response:
    """Download the samples for reading.

    Each below a line that names its epoch and temperature.
    """
    return downloads.samples_txt(services(), job_id, query.starred)


@records.get("/samples.jsonl")
@takes(records, StarQuery, "query")
@records.doc(responses=LINES)
def samples_jsonl(job_id: str, query: StarQuery) -> Response:
    """Download the samples, one JSON object a line.

    Each with what it was drawn by.
    """
    return downloads.samples_jsonl(services(), job_id, query.starred)


def _page(
    query: Callable[..., Page[Any]], job_id: str, which: PageQuery | NumberedQuery
) -> Page[Any]:
    with services().db.read() as session:
        get_job(session, team_id(), job_id)
        return query(session, job_id, after=which.after, limit=which.limit)
