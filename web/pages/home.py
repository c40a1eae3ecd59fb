"""The home page: what runs, what came of it, and what to do next."""

from typing import Any

from apiflask import APIBlueprint
from flask import render_template
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from shared.jobs.models import ENDED
from web.api.texts import UploadedCorpus
from web.context import principal, services, team_id
from web.pages import reading
from web.pages.cards import sample_card
from web.pages.forms import Form
from web.pages.parts import asked_for_part, unless_known
from web.pages.state import state_of
from web.pages.uploads import builtins
from web.pages.writings import output_card

home = APIBlueprint("home", __name__, enable_openapi=False)

MOST_ACTIVE, MOST_ENDED = 8, 5


@home.get("/")
def index() -> ResponseReturnValue:
    """Show what runs now, the last results, and one obvious next step."""
    if principal().team_id is None:
        return render_template("no_team.html")
    with services().db.read() as session:
        found = _found(session)
    if asked_for_part():
        return unless_known(render_template("_home_live.html", **found))
    return render_template(
        "home.html",
        form=Form(UploadedCorpus),
        builtins=builtins(),
        most=services().settings.max_upload_bytes,
        **found,
    )


def _found(session: Session) -> dict[str, Any]:
    """Return what of the page changes while it is open."""
    active = reading.jobs_in(session, team_id(), reading.UNDONE, MOST_ACTIVE)
    ended = reading.jobs_in(session, team_id(), ENDED, MOST_ENDED)
    return {
        "step": _next_step(reading.there_are(session, team_id())),
        "active": [(job, state_of(job)) for job in active],
        "ended": [(job, state_of(job)) for job in ended],
        "best": reading.best_checkpoint(session, team_id()),
        "written": _written(session),
    }


def _next_step(there: dict[str, bool]) -> str:
    """Return the one thing to do next: text, train, watch, write, or nothing in particular."""
    if not there["corpora"]:
        return "text"
    if not there["trained"]:
        return "train"
    if not there["checkpoints"]:
        return "watch"
    return "done" if there["generated"] else "write"


def _written(session: Session) -> dict[str, object] | None:
    """Return the newest text that a model wrote: generated, or a sample."""
    output = reading.newest_output(session, team_id())
    sample = reading.newest_sample(session, team_id())
    if sample and (output is None or sample[0].created_at > output[0].created_at):
        return {"job": sample[1], "card": sample_card(sample[0])}
    if output:
        return {"job": output[1], "card": output_card(services().db, output[0])}
    return None
