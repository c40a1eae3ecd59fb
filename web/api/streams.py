"""Listening to a job: its events as they happen, in an answer that lasts as long as it does."""

from flask import Response, request
from pydantic import Field

from shared.fields import Spec
from shared.jobs.models import ENDED, Job
from shared.jobs.queries import get_job
from web.access import standing
from web.api.document import Responses
from web.api.inputs import Number
from web.at_once import end_turn
from web.context import services, team_id
from web.frames import MIMETYPE
from web.headers import CACHED

EVENTS = """`after` is the last `seq` seen. A page ends early where its events carry more than
1 MiB of text.

With `Accept: text/event-stream` the answer goes on until the job has ended. Each event has its
`seq` as `id`, its `type` as `event`, and is in `data` what it is in a page. Two more have no `id`,
for only the last of them counts: `progress`, with the job's progress, and `sample_text` (`epoch`,
`temperature`, `start`, `text`, `written_at`), with what a sample of an epoch goes on with while it
is written. Whoever comes again with `Last-Event-ID` misses none and gets none twice; 204 says that
nothing more will come. A comment is sent every 15 seconds without news; as often it is asked
whether the token still works: if not, the answer ends."""
STREAMED: Responses = {
    204: {"description": "To a listener: the job has ended, and all its events were seen"}
}


class ListenerHeaders(Spec):
    """Where a listener goes on."""

    last_event_id: Number | None = Field(
        None, description="To a listener: the last `id` that it was sent."
    )


def wants_stream() -> bool:
    """Tell whether the request is a listener's: JSON is what others get, also with `*/*`."""
    accepted = request.accept_mimetypes
    return accepted.best_match(["application/json", MIMETYPE]) == MIMETYPE


def stream(job_id: str, seq: int) -> Response:
    """Answer with the job's events behind ``seq``, as they happen.

    Raises ``NotFound``, ``TooManyListeners``.
    """
    listeners = services().listeners
    with services().db.read() as session:
        job = get_job(session, team_id(), job_id)
    if _is_over(job, seq):
        return Response(status=204)
    who = standing()
    listeners.check_room(who)
    end_turn()
    response = Response(listeners.listen(job_id, seq, who), mimetype=MIMETYPE)
    response.headers["Cache-Control"] = CACHED
    # Proxies that gather what is sent would hold events back.
    response.headers["X-Accel-Buffering"] = "no"
    return response


def _is_over(job: Job, seq: int) -> bool:
    return job.status in ENDED and seq >= job.event_seq
