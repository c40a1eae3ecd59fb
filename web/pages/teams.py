"""All teams, as administrators see them: added, renamed, acted in."""

from apiflask import APIBlueprint
from flask import flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import func, select

from shared.accounts.models import Membership
from shared.accounts.queries import get_team, list_teams
from shared.accounts.requests import TeamRequest
from shared.accounts.teams import add_team, rename_team
from shared.errors import UserError
from web.context import services
from web.deeds import do
from web.messages import _
from web.pages.forms import Form, fail, typed_values, validated
from web.pages.paging import asked_after

teams = APIBlueprint("teams", __name__, url_prefix="/administration/teams", enable_openapi=False)

PAGE = 50


@teams.get("")
def index() -> ResponseReturnValue:
    """List the teams, oldest first."""
    return _page(Form(TeamRequest))


@teams.post("")
def create() -> ResponseReturnValue:
    """Add a team, or show the list again with what was wrong."""
    form = Form(TeamRequest, typed_values())
    try:
        name = validated(TeamRequest, form.typed).name
        do("teams.add", lambda session: add_team(session, name), name=name)
    except UserError as error:
        fail(form, error)
        return _page(form), error.status
    flash(_("Team %(name)s is added. Act in it to add its members.", name=name))
    return redirect(url_for(".index"), 303)


@teams.get("/<team_id>")
def edit(team_id: str) -> ResponseReturnValue:
    """Show the form that renames a team."""
    with services().db.read() as session:
        team = get_team(session, team_id)
    return render_template(
        "team_rename.html", form=Form(TeamRequest, {"name": team.name}), team=team
    )


@teams.post("/<team_id>")
def rename(team_id: str) -> ResponseReturnValue:
    """Give a team another name, or show the form again."""
    form = Form(TeamRequest, typed_values())
    with services().db.read() as session:
        team = get_team(session, team_id)
    try:
        name = validated(TeamRequest, form.typed).name
        do("teams.rename", lambda s: rename_team(s, get_team(s, team.id), name), team.id, name=name)
    except UserError as error:
        fail(form, error)
        return render_template("team_rename.html", form=form, team=team), error.status
    flash(_("The team is called %(name)s now.", name=name))
    return redirect(url_for(".index"), 303)


def _page(form: Form) -> str:
    after = asked_after()
    count = select(Membership.team_id, func.count()).group_by(Membership.team_id)
    with services().db.read() as session:
        page = list_teams(session, after=after, limit=PAGE)
        counts = {row[0]: row[1] for row in session.execute(count)}
    return render_template("teams.html", form=form, page=page, counts=counts, after=after)
