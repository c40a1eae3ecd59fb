"""Which jobs have ended since a page was opened: asked for by every page, at little cost."""

import json

from apiflask import APIBlueprint
from flask import Response, request, url_for
from sqlalchemy.orm import Session

from shared.ids import is_id
from shared.jobs.models import Job, Status
from web.context import services, team_id
from web.messages import _l
from web.pages import reading
from web.pages.parts import unless_known
from web.pages.words import Words

news = APIBlueprint("news", __name__, enable_openapi=False)

MOST_WATCHED = 100
ENDINGS: Words = {
    Status.SUCCEEDED: _l("The job has finished."),
    Status.FAILED: _l("The job has failed."),
    Status.CANCELLED: _l("The job was cancelled."),
}


@news.get("/news.json")
def show() -> Response:
    """Return which jobs are under way, and which of those that a page waits for have ended.

    It names the ones it saw under way (``watched``) and the newest one it knows of (``since``):
    what was submitted after that is told of, too.
    """
    with services().db.read() as session:
        body = json.dumps(_body(session), ensure_ascii=False)
    return unless_known(body, "application/json")


def _body(session: Session) -> dict[str, object]:
    watched = [part for part in request.args.get("watched", "").split(",") if is_id(part)]
    since = request.args.get("since", "")
    ended = reading.ended_of(
        session, team_id(), watched[:MOST_WATCHED], since if is_id(since) else None
    )
    return {
        "since": reading.newest_job_id(session, team_id()) or "",
        "active": reading.active_ids(session, team_id(), MOST_WATCHED),
        "ended": [_told(job) for job in ended],
    }


def _told(job: Job) -> dict[str, str]:
    return {
        "id": job.id,
        "name": job.name,
        "status": job.status,
        "words": str(ENDINGS[Status(job.status)]),
        "url": url_for("pages.jobs.show", job_id=job.id),
    }
