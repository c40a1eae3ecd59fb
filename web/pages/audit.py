"""The audit log, of a team or of all."""

from typing import Any

from apiflask import APIBlueprint
from flask import render_template, request
from flask.typing import ResponseReturnValue

from shared.accounts.audit import DONE, REFUSED
from shared.accounts.queries import get_user, list_entries, list_teams, storable
from shared.errors import NotFound
from shared.pages import MAX_LIMIT, Page
from web.context import services
from web.messages import _l
from web.pages.paging import asked_after
from web.pages.words import Words

audit = APIBlueprint("audit", __name__, url_prefix="/administration/audit", enable_openapi=False)

PAGE = 50
# What a list can be cut to, and what its links to older entries keep.
FILTERS = ("user", "team", "action", "outcome")
OUTCOMES: Words = {DONE: _l("done"), REFUSED: _l("refused")}


@audit.get("")
def index() -> ResponseReturnValue:
    """Show what was done in all teams, or in one of them, newest first."""
    with services().db.read() as session:
        names = {team.id: team.name for team in list_teams(session, limit=MAX_LIMIT).data}
    asked = request.args.get("team", "")
    return render_template("audit.html", teams=names, **entries(asked if asked in names else None))


def entries(team_id: str | None) -> dict[str, Any]:
    """Return the asked page of the audit log for a template: of a team or of all, as filtered."""
    after = asked_after()
    kept = {name: storable(request.args.get(name, "").strip())[:100] or None for name in FILTERS}
    shown: dict[str, Any] = {"after": after, "kept": kept, "refusal": "", "outcomes": OUTCOMES}
    with services().db.read() as session:
        try:
            who = get_user(session, kept["user"]).id if kept["user"] else None
        except NotFound as error:
            return shown | {"page": Page([], has_more=False), "refusal": error.args[0]}
        page = list_entries(
            session, team_id=team_id, user_id=who, action=kept["action"],
            outcome=kept["outcome"], after=after, limit=PAGE,
        )  # fmt: skip
    return shown | {"page": page}
