"""Teams, and who is in them."""

from sqlalchemy import delete
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from shared.accounts.models import Membership, Team, User
from shared.accounts.rights import Role
from shared.db import now
from shared.errors import NotFound, Taken
from shared.ids import new_id
from shared.said import said


def add_team(session: Session, name: str) -> Team:
    """Add a team without members. Raises ``Taken``."""
    team = Team(id=new_id(), name=name, created_at=now())
    _store(session, team, name)
    return team


def rename_team(session: Session, team: Team, name: str) -> None:
    """Give a team another name. Raises ``Taken``."""
    team.name = name
    _store(session, team, name)


def set_role(session: Session, team_id: str, user: User, role: Role) -> Membership:
    """Make somebody a member of a team, or what a member is there something else."""
    found = session.get(Membership, (user.id, team_id))
    if found is None:
        found = Membership(user_id=user.id, team_id=team_id, created_at=now())
        session.add(found)
    found.role = role
    session.flush()
    session.expire(user, ["memberships"])
    return found


def remove_member(session: Session, team_id: str, user_id: str) -> None:
    """Take somebody out of a team; what they made stays the team's. Raises ``NotFound``."""
    gone = delete(Membership).where(Membership.team_id == team_id, Membership.user_id == user_id)
    if session.execute(gone).rowcount == 0:  # type: ignore[attr-defined]
        raise NotFound(said("there is no such member in this team"))


def _store(session: Session, team: Team, name: str) -> None:
    try:
        with session.begin_nested():
            session.add(team)
    except IntegrityError as error:
        raise Taken(said("there is a team {name} already", name=name)) from error
