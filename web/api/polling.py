"""Answering who asks for a job again and again: cheaply, and never with what is no longer true."""

from collections import OrderedDict
from threading import Lock

from flask import Response, jsonify, request

from shared.jobs.queries import get_job
from web.api.schemas import Job
from web.context import Services, team_id
from web.fleet import mark_of
from web.headers import CACHED

# Progress is written about as often.
POLL_SECONDS = 2
MOST_KEPT = 256
JSON = "application/json"


class Answers:
    """The last answers about jobs, as bytes, each with the mark of the job that it tells of."""

    def __init__(self) -> None:
        self._kept: OrderedDict[str, tuple[str, bytes]] = OrderedDict()
        self._lock = Lock()

    def find(self, url: str, mark: str) -> bytes | None:
        """Return the answer, if the job is as it was then."""
        with self._lock:
            kept = self._kept.get(url)
        return kept[1] if kept and kept[0] == mark else None

    def keep(self, url: str, mark: str, body: bytes) -> None:
        """Keep an answer; the oldest one goes."""
        with self._lock:
            self._kept[url] = (mark, body)
            self._kept.move_to_end(url)
            while len(self._kept) > MOST_KEPT:
                self._kept.popitem(last=False)


answers = Answers()


def answer(found: Services, job_id: str) -> Response:
    """Answer with a job, or that it is as it was. Raises ``NotFound``."""
    marked = found.marks.of(team_id(), job_id)
    if marked is None:
        return Response(_told(found, job_id), mimetype=JSON)
    mark, status = mark_of(*marked), marked[1]
    if request.if_none_match.contains_weak(mark):
        response = Response(status=304, mimetype=JSON)
    else:
        body = answers.find(request.base_url, mark)
        if body is None:
            # One that is newer than its mark does no harm: it will be asked for once more.
            body = _told(found, job_id)
            answers.keep(request.base_url, mark, body)
        response = Response(body, mimetype=JSON)
    response.set_etag(mark)
    response.headers["Cache-Control"] = CACHED
    if status in ("queued", "running"):
        response.headers["Retry-After"] = str(POLL_SECONDS)
    return response


def _told(found: Services, job_id: str) -> bytes:
    with found.db.read() as session:
        job = Job.of(get_job(session, team_id(), job_id))
    return jsonify(job.model_dump(mode="json")).get_data()
