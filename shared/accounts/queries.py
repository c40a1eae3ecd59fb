"""Reading people, teams, tokens and the audit log."""

from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload, selectinload

from shared.accounts.models import ApiToken, AuditEntry, Membership, Team, User
from shared.errors import NotFound
from shared.ids import is_id
from shared.pages import DEFAULT_LIMIT, Page, page
from shared.said import said

WITH_TEAMS = selectinload(User.memberships).joinedload(Membership.team)


def get_user(session: Session, named: str) -> User:
    """Return the user of an id or a name, with the memberships. Raises ``NotFound``."""
    is_it = User.id == named if is_id(named) else User.name == named.strip().lower()
    user = session.scalar(select(User).where(is_it).options(WITH_TEAMS))
    if user is None:
        raise NotFound(said("there is no user {name}", name=named))
    return user


def list_users(
    session: Session, *, after: str | None = None, limit: int = DEFAULT_LIMIT
) -> Page[User]:
    """Return all users with their memberships, oldest first."""
    query = select(User).options(WITH_TEAMS)
    return page(session, query, User.id, after=after, limit=limit)


def session_user(session: Session, user_id: str, session_key: str) -> User | None:
    """Return whose session it is, with the memberships; None where the session has ended."""
    its = (User.id == user_id, User.session_key == session_key, User.disabled_at.is_(None))
    return session.scalar(select(User).where(*its).options(WITH_TEAMS))


def get_team(session: Session, named: str) -> Team:
    """Return the team of an id or a name. Raises ``NotFound``."""
    is_it = Team.id == named if is_id(named) else Team.name == named
    team = session.scalar(select(Team).where(is_it))
    if team is None:
        raise NotFound(said("there is no team {name}", name=named))
    return team


def list_teams(
    session: Session, *, after: str | None = None, limit: int = DEFAULT_LIMIT
) -> Page[Team]:
    """Return all teams, oldest first."""
    return page(session, select(Team), Team.id, after=after, limit=limit)


def list_members(session: Session, team_id: str) -> list[Membership]:
    """Return a team's members with their users, by name."""
    query = select(Membership).where(Membership.team_id == team_id).join(User).order_by(User.name)
    return list(session.scalars(query.options(joinedload(Membership.user))).all())


def get_token(session: Session, user_id: str, token_id: str) -> ApiToken:
    """Return one of a user's tokens. Raises ``NotFound``."""
    token = session.get(ApiToken, token_id) if is_id(token_id) else None
    if token is None or token.user_id != user_id:
        raise NotFound(said("no token has the id {id}", id=token_id))
    return token


def list_tokens(
    session: Session, user_id: str, *, after: str | None = None, limit: int = DEFAULT_LIMIT
) -> Page[ApiToken]:
    """Return a user's tokens with their teams, revoked ones too, oldest first."""
    query = select(ApiToken).where(ApiToken.user_id == user_id)
    query = query.options(joinedload(ApiToken.team))
    return page(session, query, ApiToken.id, after=after, limit=limit)


def list_entries(
    session: Session,
    *,
    team_id: str | None = None,
    user_id: str | None = None,
    before: datetime | None = None,
    **paging: Any,
) -> Page[AuditEntry]:
    """Return what the audit log tells, newest first: of all, of a team, of a user."""
    query = select(AuditEntry)
    if team_id is not None:
        query = query.where(AuditEntry.team_id == team_id)
    if user_id is not None:
        query = query.where(AuditEntry.user_id == user_id)
    if before is not None:
        query = query.where(AuditEntry.created_at < before)
    return page(session, query, AuditEntry.id, newest_first=True, **paging)
