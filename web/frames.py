"""Server-sent events, as bytes: https://html.spec.whatwg.org/multipage/server-sent-events.html.

What has an ``id`` is an event of the job and is sent once; progress and the growing text of a
sample have none, for only the last of them counts.
"""

import json
from typing import Any

from shared.jobs.models import Event
from web.api.schemas import Event as EventAnswer
from web.api.schemas import Progress, row_fields

MIMETYPE = "text/event-stream"
HEARTBEAT = b": heartbeat\n\n"
# How long a browser waits before it comes again.
RETRY = b"retry: 2000\n\n"


def event_frame(row: Event, data: dict[str, Any]) -> bytes:
    """Return an event, with what it tells."""
    told = EventAnswer(**row_fields(row, EventAnswer, "data"), data=data)
    return f"id: {row.seq}\nevent: {row.type}\ndata: {told.model_dump_json()}\n\n".encode()


def progress_frame(progress: dict[str, Any]) -> bytes:
    """Return how far a job is."""
    return b"event: progress\ndata: %s\n\n" % (
        Progress.model_validate(progress).model_dump_json().encode()
    )


def sample_frame(
    epoch: int, temperature: float, start: int, text: str, written_at: str | None
) -> bytes:
    """Return what an epoch's sample at a temperature goes on with behind ``start`` characters."""
    told = {"epoch": epoch, "temperature": temperature, "start": start, "text": text,
            "written_at": written_at}  # fmt: skip
    return f"event: sample_text\ndata: {json.dumps(told, ensure_ascii=False)}\n\n".encode()
