"""API tokens: made, found by their secret, revoked."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import and_, bindparam, or_, select, update
from sqlalchemy.orm import Session

from shared.accounts.models import ApiToken, Membership, Team, User
from shared.accounts.rights import Right
from shared.accounts.secrets import SHOWN, digest, new_secret
from shared.db import now
from shared.ids import new_id

# A use is noted no more often: a program that polls shall not write at each question.
USE_NOTED = timedelta(minutes=1)


@dataclass(frozen=True)
class NewToken:
    """What a token is to be: for which team, called what, with which scope, until when."""

    team_id: str
    name: str
    scope: Right
    expires_at: datetime | None = None


@dataclass(frozen=True)
class Bearer:
    """A token that works: whose it is, and what they are in its team; ``role`` None: no member."""

    id: str
    user_id: str
    user_name: str
    admin: bool
    team_id: str
    team_name: str
    scope: str
    role: str | None
    last_used_at: datetime | None


# Of a token that works: not revoked, not too old, its user not disabled.
WORKS = (
    ApiToken.revoked_at.is_(None),
    or_(ApiToken.expires_at.is_(None), ApiToken.expires_at > bindparam("now")),
    User.disabled_at.is_(None),
)
IN_TEAM = and_(Membership.user_id == ApiToken.user_id, Membership.team_id == ApiToken.team_id)
BEARER = (
    select(ApiToken.id, ApiToken.user_id, User.name, User.admin)
    .add_columns(ApiToken.team_id, Team.name, ApiToken.scope, Membership.role)
    .add_columns(ApiToken.last_used_at)
    .join(User, User.id == ApiToken.user_id)
    .join(Team, Team.id == ApiToken.team_id)
    .outerjoin(Membership, IN_TEAM)
    .where(ApiToken.sha256 == bindparam("sha256"), *WORKS)
)


def make_token(session: Session, user: User, new: NewToken) -> tuple[ApiToken, str]:
    """Return a new token and its secret, which nobody can be told again."""
    secret = new_secret()
    token = ApiToken(
        id=new_id(),
        user_id=user.id,
        team_id=new.team_id,
        name=new.name,
        scope=new.scope,
        sha256=digest(secret),
        beginning=secret[:SHOWN],
        created_at=now(),
        expires_at=new.expires_at,
    )
    session.add(token)
    session.flush()
    return token, secret


def find_token(session: Session, secret: str) -> Bearer | None:
    """Return the token of a secret; None where it does not work.

    Every request of a program asks for it: no row is made an object, and nothing is asked twice.
    """
    row = session.execute(BEARER, {"sha256": digest(secret), "now": now()}).one_or_none()
    return Bearer(*row) if row is not None else None


def still_works(session: Session, token_id: str) -> bool:
    """Tell whether a token that was found before works still."""
    its = select(ApiToken.id).join(User, User.id == ApiToken.user_id)
    query = its.where(ApiToken.id == token_id, *WORKS)
    return session.scalar(query, {"now": now()}) is not None


def is_use_to_note(token: Bearer) -> bool:
    """Tell whether the last noted use is a minute ago."""
    return token.last_used_at is None or now() - token.last_used_at > USE_NOTED


def note_use(session: Session, token_id: str) -> None:
    """Note that a token was used now."""
    session.execute(update(ApiToken).where(ApiToken.id == token_id).values(last_used_at=now()))


def revoke_token(session: Session, token: ApiToken) -> None:
    """Make a token of no use, for ever."""
    token.revoked_at = token.revoked_at or now()
    session.flush()
