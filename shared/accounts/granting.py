"""Which tokens somebody may make: none that can do more, or longer, than they can themselves."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from shared.accounts.models import ApiToken, User
from shared.accounts.queries import get_user, team_of_field, user_of_field
from shared.accounts.requests import TokenRequest
from shared.accounts.rights import Right
from shared.accounts.tokens import NewToken, make_token
from shared.db import now
from shared.errors import Forbidden, InvalidFields
from shared.said import said


@dataclass(frozen=True)
class Grantor:
    """Who makes a token: ``user_id`` None is the installation; ``ends`` is the own token's end."""

    user_id: str | None
    team_id: str
    right: Right
    ends: datetime | None = None


def grant(session: Session, by: Grantor, request: TokenRequest) -> tuple[ApiToken, str]:
    """Return a new token and its secret. Raises ``InvalidFields``, ``Forbidden``."""
    user = _whose(session, by, request)
    new = NewToken(
        _team(session, by, user, request), request.name, _scope(by, request), _end(by, request)
    )
    token, secret = make_token(session, user, new)
    session.refresh(token, ["user", "team"])
    return token, secret


def _whose(session: Session, by: Grantor, request: TokenRequest) -> User:
    if by.right == Right.ADMIN and request.user is not None:
        return user_of_field(session, request.user)
    if by.user_id is None:
        message = said("the installation's own token is nobody's: whose is the new one?")
        raise InvalidFields.one("user", message, None, said("the id or the name of a user"))
    own = get_user(session, by.user_id)
    if request.user not in (None, own.id, own.name):
        raise Forbidden(said("only administrators make tokens for others"))
    return own


def _team(session: Session, by: Grantor, user: User, request: TokenRequest) -> str:
    only = None if by.right == Right.ADMIN else by.team_id
    team = team_of_field(session, request.team or by.team_id, only)
    if not user.admin and team.id not in {row.team_id for row in user.memberships}:
        message = said("{user} is not in team {team}", user=user.name, team=team.name)
        teams = ", ".join(sorted(row.team.name for row in user.memberships))
        raise InvalidFields.one("team", message, team.name, teams or said("no team yet"))
    return team.id


def _scope(by: Grantor, request: TokenRequest) -> Right:
    if not by.right.includes(request.scope):
        message = said("no token can do more than the one that makes it")
        raise InvalidFields.one(
            "scope", message, request.scope, said("at most {right}", right=by.right)
        )
    return request.scope


def _end(by: Grantor, request: TokenRequest) -> datetime | None:
    lasts = request.lasts()
    end = by.ends if lasts is None else now() + lasts
    if by.ends is not None and end is not None and end > by.ends:
        message = said("no token can outlive the one that makes it")
        accepted = said("an end not behind {time:%Y-%m-%d %H:%M} UTC", time=by.ends)
        raise InvalidFields.one("expires_in_days", message, request.expires_in_days, accepted)
    return end
