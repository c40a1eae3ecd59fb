"""Answering who asks for a job again and again: cheaply, and never with what is no longer true."""

from collections import OrderedDict
from threading import Lock

from flask import Response, jsonify, request

from shared.jobs.queries import get_job
from web.api.schemas import Job
from web.context import Services, team_id

# Progress is written about as often.
POLL_SECONDS = 2
MOST_KEPT = 256
JSON = "application/json"


class Answers:
    """The last answers about jobs, as bytes, each with the mark of the job that it tells of."""

    def __init__(self) -> None:
        self._kept: OrderedDict[str, tuple[str, bytes, str]] = OrderedDict()
        self._lock = Lock()

    def find(self, url: str, mark: str) -> tuple[bytes, str] | None:
        """Return the answer and the job's status, if the job is as it was then."""
        with self._lock:
            kept = self._kept.get(url)
        return kept[1:] if kept and kept[0] == mark else None

    def keep(self, url: str, mark: str, body: bytes, status: str) -> None:
        """Keep an answer; the oldest one goes."""
        with self._lock:
            self._kept[url] = (mark, body, status)
            self._kept.move_to_end(url)
            while len(self._kept) > MOST_KEPT:
                self._kept.popitem(last=False)


answers = Answers()


def answer(found: Services, job_id: str) -> Response:
    """Answer with a job, or that it is as it was. Raises ``NotFound``."""
    mark = found.marks.of(team_id(), job_id)
    if mark and request.if_none_match.contains_weak(mark):
        return _with_mark(Response(status=304, mimetype=JSON), mark)
    # A body that is newer than its mark does no harm: it will be asked for once more.
    told = mark and answers.find(request.base_url, mark)
    body, status = told or _told(found, job_id, mark)
    response = _with_mark(Response(body, mimetype=JSON), mark)
    if status in ("queued", "running"):
        response.headers["Retry-After"] = str(POLL_SECONDS)
    return response


def _told(found: Services, job_id: str, mark: str | None) -> tuple[bytes, str]:
    with found.db.read() as session:
        job = Job.of(get_job(session, team_id(), job_id))
    body = jsonify(job.model_dump(mode="json")).get_data()
    if mark:
        answers.keep(request.base_url, mark, body, job.status)
    return body, job.status


def _with_mark(response: Response, mark: str | None) -> Response:
    response.headers["Cache-Control"] = "no-cache, private"
    if mark:
        response.set_etag(mark)
    return response
