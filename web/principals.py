"""On whose behalf a request is made, and what they may do."""

from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy.orm import Session

from shared.accounts.audit import INSTALLATION, Actor
from shared.accounts.models import DEFAULT_TEAM_ID, Team, User
from shared.accounts.queries import get_team
from shared.accounts.rights import RIGHTS, Right, Role, least
from shared.accounts.tokens import Bearer
from shared.errors import NotFound
from shared.said import said


@dataclass(frozen=True)
class Principal:
    """Who asks, in which of their teams; ``right`` is None for one who is in none."""

    name: str
    user_id: str | None = None
    token_id: str | None = None
    admin: bool = False
    team_id: str | None = None
    team_name: str = ""
    right: Right | None = None

    def may(self, right: Right) -> bool:
        """Tell whether this right is had in the team."""
        return self.right is not None and self.right.includes(right)

    def may_change(self, maker_id: str | None) -> bool:
        """Tell whether what a user made may be changed: one's own, or as a manager."""
        mine = maker_id is not None and maker_id == self.user_id
        return self.may(Right.MANAGE) or (mine and self.may(Right.SUBMIT))

    def actor(self, address: str | None) -> Actor:
        """Return the principal as the audit log tells of it."""
        return Actor(self.name, self.user_id, self.token_id, self.team_id, address)


def of_installation(session: Session, team: str | None) -> Principal:
    """Return the principal of the installation's token, in the default team or a named one.

    Nothing is looked up for the default team: it is always there, and programs poll.
    """
    who = Principal(INSTALLATION.name, admin=True, team_id=DEFAULT_TEAM_ID, right=Right.ADMIN)
    return _administering(session, who, team) if team else who


def of_token(session: Session, token: Bearer, team: str | None) -> Principal:
    """Return the principal of an API token: its user's rights, cut to its scope.

    Raises ``NotFound`` for another team than its own, unless it is an administrator's with that
    scope.
    """
    own, scope = (token.team_id, token.team_name), Right(token.scope)
    admin = token.admin and scope == Right.ADMIN
    who = Principal(token.user_name, token.user_id, token.id, admin)
    if admin and team not in (None, *own):
        return _administering(session, who, team or "")
    if team not in (None, *own):
        raise NotFound(said("there is no team {name}", name=team))
    had = Right.ADMIN if token.admin else token.role and RIGHTS[Role(token.role)]
    return who if not had else replace(who, **_acting(*own, least(had, scope)))


def of_user(session: Session, user: User, team_id: str | None) -> Principal:
    """Return the principal of a signed-in user in the chosen team, if it is one of theirs."""
    who = Principal(user.name, user.id, admin=user.admin)
    teams = {row.team_id: row for row in sorted(user.memberships, key=lambda row: row.team.name)}
    if user.admin and team_id is not None and session.get(Team, team_id) is None:
        team_id = None
    if user.admin:
        return _administering(session, who, team_id or next(iter(teams), DEFAULT_TEAM_ID))
    chosen = teams.get(team_id or "") or next(iter(teams.values()), None)
    return who if chosen is None else _in_team(who, chosen.team, RIGHTS[Role(chosen.role)])


def right_in(user: User, team_id: str) -> Right | None:
    """Return what a user may do in a team, or None."""
    if user.admin:
        return Right.ADMIN
    roles = [row.role for row in user.memberships if row.team_id == team_id]
    return RIGHTS[Role(roles[0])] if roles else None


def _administering(session: Session, who: Principal, team: str) -> Principal:
    return _in_team(who, get_team(session, team), Right.ADMIN)


def _in_team(who: Principal, team: Team, right: Right) -> Principal:
    return replace(who, **_acting(team.id, team.name, right))


def _acting(team_id: str, team_name: str, right: Right) -> dict[str, Any]:
    return {"team_id": team_id, "team_name": team_name, "right": right}
