"""API tokens: made, found by their secret, revoked."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select, update
from sqlalchemy.orm import Session, joinedload

from shared.accounts.models import ApiToken, User
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


def find_token(session: Session, secret: str) -> ApiToken | None:
    """Return the token of a secret with its user and team; None where it no longer works."""
    query = select(ApiToken).where(ApiToken.sha256 == digest(secret))
    whole = (joinedload(ApiToken.user).selectinload(User.memberships), joinedload(ApiToken.team))
    token = session.scalar(query.options(*whole))
    return token if token is not None and works(token) else None


def works(token: ApiToken) -> bool:
    """Tell whether a token may still be used: not revoked, not too old, its user not disabled."""
    over = token.expires_at is not None and token.expires_at <= now()
    return not over and token.revoked_at is None and token.user.disabled_at is None


def is_use_to_note(token: ApiToken) -> bool:
    """Tell whether the last noted use is a minute ago."""
    return token.last_used_at is None or now() - token.last_used_at > USE_NOTED


def note_use(session: Session, token_id: str) -> None:
    """Note that a token was used now."""
    session.execute(update(ApiToken).where(ApiToken.id == token_id).values(last_used_at=now()))


def revoke_token(session: Session, token: ApiToken) -> None:
    """Make a token of no use, for ever."""
    token.revoked_at = token.revoked_at or now()
    session.flush()
