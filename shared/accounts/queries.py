"""Reading people, teams, tokens and the audit log."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload, selectinload

from shared.accounts.models import ApiToken, AuditEntry, Membership, Team, User
from shared.accounts.secrets import digest
from shared.db import now
from shared.errors import InvalidFields, NotFound
from shared.ids import is_id
from shared.pages import DEFAULT_LIMIT, Page, page
from shared.said import said

# Of a name that there is not.
MOST_SHOWN = 100
WITH_TEAMS = selectinload(User.memberships).joinedload(Membership.team)
WHOSE = (joinedload(ApiToken.user), joinedload(ApiToken.team))


def storable(text: str) -> str:
    """Return what a database can be asked for: nothing there has NUL or half a character in it."""
    return text.replace("\x00", "\ufffd").encode("utf-8", "replace").decode()


def typed(name: str) -> str:
    """Return the name that somebody typed as accounts have it."""
    return storable(name.strip().lower())


def get_user(session: Session, named: str) -> User:
    """Return the user of an id or a name, with the memberships. Raises ``NotFound``."""
    is_it = User.id == named if is_id(named) else User.name == typed(named)
    user = session.scalar(select(User).where(is_it).options(WITH_TEAMS))
    if user is None:
        raise NotFound(said("there is no user {name}", name=storable(named)[:MOST_SHOWN]))
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


def user_of_link(session: Session, secret: str) -> User | None:
    """Return whom a sign-in link would sign in, and leave it as it is."""
    its = (User.link_sha256 == digest(secret), User.link_expires_at > now())
    return session.scalar(select(User).where(*its, User.disabled_at.is_(None)))


def get_team(session: Session, named: str) -> Team:
    """Return the team of an id or a name. Raises ``NotFound``."""
    is_it = Team.id == named if is_id(named) else Team.name == storable(named)
    team = session.scalar(select(Team).where(is_it))
    if team is None:
        raise no_team(named)
    return team


def name_if_known(session: Session, name: str) -> str | None:
    """Return a name that was typed if it is a user's: else it may be a password, typed there."""
    return session.scalar(select(User.name).where(User.name == typed(name)))


def user_of_field(session: Session, named: str) -> User:
    """Return the user that a request's field names. Raises ``InvalidFields``."""
    try:
        return get_user(session, named)
    except NotFound as error:
        accepted = said("the id or the name of a user")
        raise InvalidFields.one("user", str(error), named, accepted) from error


def team_of_field(session: Session, named: str, only: str | None = None) -> Team:
    """Return the team that a request's field names, if it is ``only`` where one is given.

    Raises ``InvalidFields``.
    """
    try:
        team = get_team(session, named)
        if only not in (None, team.id):
            raise no_team(named)
    except NotFound as error:
        accepted = said("the id or the name of a team that you act in")
        raise InvalidFields.one("team", str(error), named, accepted) from error
    return team


def no_team(named: str) -> NotFound:
    """Return that there is no such team, or none that may be known of."""
    return NotFound(said("there is no team {name}", name=storable(named)[:MOST_SHOWN]))


def list_teams(
    session: Session,
    *,
    member_id: str | None = None,
    after: str | None = None,
    limit: int = DEFAULT_LIMIT,
) -> Page[Team]:
    """Return all teams, or those that a user is in, oldest first."""
    query = select(Team)
    if member_id is not None:
        query = query.join(Membership).where(Membership.user_id == member_id)
    return page(session, query, Team.id, after=after, limit=limit)


def list_members(session: Session, team_id: str) -> list[Membership]:
    """Return a team's members with their users, by name."""
    query = select(Membership).where(Membership.team_id == team_id).join(User).order_by(User.name)
    return list(session.scalars(query.options(joinedload(Membership.user))).all())


def page_members(
    session: Session, team_id: str, *, after: str | None = None, limit: int = DEFAULT_LIMIT
) -> Page[Membership]:
    """Return a team's members with their users, in the order in which the accounts were made."""
    query = select(Membership).where(Membership.team_id == team_id)
    query = query.options(joinedload(Membership.user))
    return page(session, query, Membership.user_id, after=after, limit=limit)


def get_token(session: Session, user_id: str | None, token_id: str) -> ApiToken:
    """Return one of a user's tokens, or of all for None. Raises ``NotFound``."""
    token = session.get(ApiToken, token_id, options=WHOSE) if is_id(token_id) else None
    if token is None or user_id not in (None, token.user_id):
        raise NotFound(said("no token has the id {id}", id=token_id))
    return token


def list_tokens(
    session: Session,
    user_id: str | None,
    *,
    after: str | None = None,
    limit: int = DEFAULT_LIMIT,
) -> Page[ApiToken]:
    """Return a user's tokens, or all for None, with users and teams; revoked ones too, oldest
    first."""
    query = select(ApiToken).options(*WHOSE)
    if user_id is not None:
        query = query.where(ApiToken.user_id == user_id)
    return page(session, query, ApiToken.id, after=after, limit=limit)


@dataclass(frozen=True)
class Entries:
    """Which entries of the audit log; None: of all."""

    team_id: str | None = None
    user_id: str | None = None
    action: str | None = None
    outcome: str | None = None


def list_entries(
    session: Session,
    *,
    before: datetime | None = None,
    after: str | None = None,
    limit: int = DEFAULT_LIMIT,
    **which: Any,
) -> Page[AuditEntry]:
    """Return what the audit log tells, newest first: of all, or as ``Entries`` says."""
    wanted = vars(Entries(**which)).items()
    query = select(AuditEntry).where(
        *(getattr(AuditEntry, name) == value for name, value in wanted if value is not None)
    )
    if before is not None:
        query = query.where(AuditEntry.created_at < before)
    return page(session, query, AuditEntry.id, newest_first=True, after=after, limit=limit)


def names_of(session: Session, user_ids: Iterable[str]) -> dict[str, str]:
    """Return the names of users by their ids."""
    found = session.execute(select(User.id, User.name).where(User.id.in_(user_ids)))
    return {row.id: row.name for row in found}
