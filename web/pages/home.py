"""The home page: what runs, what came of it, and what to do next."""

from apiflask import APIBlueprint
from flask import render_template
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from shared.jobs.models import ENDED
from web.context import services, team_id
from web.pages import reading
from web.pages.cards import sample_card
from web.pages.state import state_of
from web.pages.writings import output_card

home = APIBlueprint("home", __name__, enable_openapi=False)

MOST_ACTIVE, MOST_ENDED = 8, 5


@home.get("/")
def index() -> ResponseReturnValue:
    """Show what runs now, the last results, and one obvious next step."""
    with services().db.read() as session:
        counts = reading.counts(session, team_id())
        active = reading.jobs_in(session, team_id(), reading.UNDONE, MOST_ACTIVE)
        ended = reading.jobs_in(session, team_id(), ENDED, MOST_ENDED)
        best = reading.best_checkpoint(session, team_id())
        written = _written(session)
    return render_template(
        "home.html",
        counts=counts,
        step=_next_step(counts),
        active=[(job, state_of(job)) for job in active],
        ended=[(job, state_of(job)) for job in ended],
        best=best,
        written=written,
    )


def _next_step(counts: dict[str, int]) -> str:
    """Return the one thing to do next: text, train, watch, write, or nothing in particular."""
    if not counts["corpora"]:
        return "text"
    if not counts["trained"]:
        return "train"
    if not counts["checkpoints"]:
        return "watch"
    return "done" if counts["generated"] else "write"


def _written(session: Session) -> dict[str, object] | None:
    """Return the newest text that a model wrote: generated, else a sample."""
    if found := reading.newest_output(session, team_id()):
        return {"job": found[1], "card": output_card(services().db, found[0])}
    if sample := reading.newest_sample(session, team_id()):
        return {"job": sample[1], "card": sample_card(sample[0])}
    return None
