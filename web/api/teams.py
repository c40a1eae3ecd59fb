"""Teams and their members. Of other teams than one's own nobody but an administrator learns."""

from apiflask import APIBlueprint
from sqlalchemy.orm import Session

from shared.accounts import models
from shared.accounts.queries import get_team, get_user, list_teams, no_team, page_members
from shared.accounts.requests import RoleRequest, TeamRequest
from shared.accounts.rights import Right
from shared.accounts.teams import add_team, remove_member, rename_team, set_role
from web import context
from web.api.faults import refuses
from web.api.inputs import PageQuery, takes
from web.api.people import Member, MemberPage, Team, TeamPage
from web.deeds import do

teams = APIBlueprint("teams", __name__, url_prefix="/api/v1/teams", tag="Accounts")


@teams.post("")
@takes(teams, TeamRequest)
@teams.output(Team, 201)
@teams.doc(extensions=refuses("taken"))
def add(body: TeamRequest) -> tuple[Team, int, dict[str, str]]:
    """Add a team, which nobody is in yet.

    Administrators act in it with the header `Charloom-Team`.
    """
    made = Team.of(do("teams.add", lambda session: add_team(session, body.name), name=body.name))
    return made, 201, {"Location": made.links["self"]}


@teams.get("")
@takes(teams, PageQuery, "query")
@teams.output(TeamPage)
def index(query: PageQuery) -> TeamPage:
    """List the teams, oldest first.

    Administrators see all, others the one that their token acts in.
    """
    with context.services().db.read() as session:
        if context.principal().may(Right.ADMIN):
            return TeamPage.of(list_teams(session, after=query.after, limit=query.limit))
        own = get_team(session, context.team_id())
        shown = query.after is None or query.after < own.id
        return TeamPage(data=[Team.of(own)] if shown else [], has_more=False)


@teams.get("/<team_id>")
@teams.output(Team)
def show(team_id: str) -> Team:
    """Show a team.

    It is named by its id, or by its name.
    """
    with context.services().db.read() as session:
        return Team.of(_mine(session, team_id))


@teams.patch("/<team_id>")
@takes(teams, TeamRequest)
@teams.output(Team)
@teams.doc(extensions=refuses("taken"))
def change(team_id: str, body: TeamRequest) -> Team:
    """Give a team another name.

    What refers to it by its id goes on to do so.
    """

    def work(session: Session) -> models.Team:
        team = _mine(session, team_id)
        rename_team(session, team, body.name)
        return team

    return Team.of(do("teams.rename", work, name=body.name))


@teams.get("/<team_id>/members")
@takes(teams, PageQuery, "query")
@teams.output(MemberPage)
def members(team_id: str, query: PageQuery) -> MemberPage:
    """List who is in a team.

    In the order in which the accounts were made.
    """
    with context.services().db.read() as session:
        team = _mine(session, team_id)
        found = page_members(session, team.id, after=query.after, limit=query.limit)
        return MemberPage.of(found)


@teams.put("/<team_id>/members/<user_id>")
@takes(teams, RoleRequest)
@teams.output(Member)
def put_member(team_id: str, user_id: str, body: RoleRequest) -> Member:
    """Take somebody into a team, or give a member another role.

    The user is named by the id, or by the name that is typed to sign in.
    """

    def work(session: Session) -> tuple[models.User, models.Membership]:
        team, user = _mine(session, team_id), get_user(session, user_id)
        member = set_role(session, team.id, user, body.role)
        member.user = user
        return user, member

    _, member = do("members.role", work, role=body.role, team=team_id)
    return Member.of(member)


@teams.delete("/<team_id>/members/<user_id>")
@teams.doc(responses={204: "Taken out"})
def delete_member(team_id: str, user_id: str) -> tuple[str, int]:
    """Take somebody out of a team.

    What they made stays the team's; their tokens for it no longer do anything.
    """

    def work(session: Session) -> models.User:
        team, user = _mine(session, team_id), get_user(session, user_id)
        remove_member(session, team.id, user.id)
        return user

    do("members.remove", work, team=team_id)
    return "", 204


def _mine(session: Session, named: str) -> models.Team:
    """Return a team that one acts in; for administrators any. Raises ``NotFound``."""
    team = get_team(session, named)
    if team.id != context.team_id() and not context.principal().may(Right.ADMIN):
        raise no_team(named)
    return team
