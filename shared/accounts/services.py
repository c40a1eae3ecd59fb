"""People: added, signed in, given links and passwords, disabled and enabled."""

import re
from datetime import timedelta

from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from shared.accounts.audit import RESERVED
from shared.accounts.models import DEFAULT_TEAM_ID, User
from shared.accounts.passwords import hash_password, is_outdated, matches
from shared.accounts.queries import WITH_TEAMS, typed
from shared.accounts.rights import Role
from shared.accounts.secrets import digest, new_secret
from shared.accounts.teams import set_role
from shared.db import now
from shared.errors import AccountDisabled, InvalidFields, LastOfItsKind, Taken, WrongCredentials
from shared.ids import is_id, new_id
from shared.said import said

NAME = re.compile(r"[a-z0-9][a-z0-9._@+-]{0,99}")
LINK_HOURS = 24
LINK_GONE = said("this sign-in link was used before, or is too old: ask for another one")
ADMINISTRATOR = "admin"


def add_user(session: Session, name: str, *, email: str | None = None, admin: bool = False) -> User:
    """Add a user, who is in no team yet and signs in by a link first.

    Raises ``InvalidFields``, ``Taken``.
    """
    user = User(id=new_id(), name=_checked(name), email=email, admin=admin)
    user.session_key, user.created_at = new_secret(""), now()
    user.memberships = []
    try:
        with session.begin_nested():
            session.add(user)
    except IntegrityError as error:
        raise Taken(said("there is a user {name} already", name=user.name)) from error
    return user


def ensure_administrator(session: Session) -> tuple[User, str] | None:
    """Make the first administrator where there is no user yet; return its link's secret, too.

    While nobody has signed in as the only user there is, each call makes a new link: the one
    before may have been missed.
    """
    users = session.scalars(select(User).limit(2)).all()
    if not users:
        user = add_user(session, ADMINISTRATOR, admin=True)
        set_role(session, DEFAULT_TEAM_ID, user, Role.MANAGER)
    elif len(users) == 1 and users[0].signed_in_at is None and users[0].disabled_at is None:
        user = users[0]
    else:
        return None
    return user, make_link(session, user)


def make_link(session: Session, user: User) -> str:
    """Return the secret of a new sign-in link, which works once; an older one no longer does.

    Raises ``AccountDisabled``.
    """
    if user.disabled_at is not None:
        raise AccountDisabled(said("the account {name} is disabled", name=user.name))
    secret = new_secret("")
    user.link_sha256, user.link_expires_at = digest(secret), now() + timedelta(hours=LINK_HOURS)
    session.flush()
    return secret


def use_link(session: Session, secret: str) -> User:
    """Return the user of a sign-in link, which no longer works. Raises ``WrongCredentials``."""
    # One guarded statement: of two who come at once with it, one is let in.
    found = session.scalars(
        update(User)
        .where(User.link_sha256 == digest(secret), User.link_expires_at > now())
        .where(User.disabled_at.is_(None))
        .values(link_sha256=None, link_expires_at=None)
        .returning(User),
        execution_options={"populate_existing": True},
    ).one_or_none()
    if found is None:
        raise WrongCredentials(LINK_GONE)
    return found


def check_password(session: Session, name: str, password: str) -> User:
    """Return the user of a name and a password. Raises ``WrongCredentials``, ``TooManyRequests``.

    No transaction that writes shall be open: it takes a tenth of a second. What was read with the
    session stays readable; its connection is given back meanwhile.
    """
    user = session.scalar(select(User).where(User.name == typed(name)))
    known = user.password_hash if user else None
    # Its connection goes back: those of one minute's attempts would be all that there are.
    session.close()
    if not matches(known, password) or user is None or user.disabled_at is not None:
        raise WrongCredentials
    return user


def welcome(session: Session, user: User, password: str | None = None) -> User:
    """Note that a user signed in, and return the user as one is now.

    Raises ``WrongCredentials`` where the account was disabled, or its password changed, since it
    was looked at. A hash with older parameters is made anew.
    """
    same = (User.id == user.id, User.session_key == user.session_key, User.disabled_at.is_(None))
    found = session.scalar(select(User).where(*same).with_for_update().options(WITH_TEAMS))
    if found is None:
        raise WrongCredentials
    found.signed_in_at = now()
    if password and found.password_hash and is_outdated(found.password_hash):
        found.password_hash = hash_password(password, found.name)
    return found


def set_password(session: Session, user: User, password: str) -> None:
    """Set a user's password; every session ends. Raises ``InvalidFields``."""
    set_hash(session, user, hash_password(password, user.name))


def set_hash(session: Session, user: User, password_hash: str) -> None:
    """Set the hash of a user's password, made before anything was locked; every session ends."""
    user.password_hash = password_hash
    sign_out_everywhere(session, user)


def sign_out_everywhere(session: Session, user: User) -> None:
    """End all sessions of a user; tokens stay."""
    user.session_key = new_secret("")
    session.flush()


def change_user(
    session: Session,
    user: User,
    *,
    admin: bool | None = None,
    disabled: bool | None = None,
    email: str | None = None,
) -> None:
    """Make somebody an administrator or none, disable or enable an account; "" is no address.

    Who is disabled is signed out, and tokens and links do not work. Raises ``LastOfItsKind``.
    """
    # Their rows are taken before one is changed: two who go at once would wait for each other.
    session.scalars(select(User.id).where(User.admin).order_by(User.id).with_for_update()).all()
    session.refresh(user, ["admin", "disabled_at"])
    administered = _administers(user)
    if email is not None:
        user.email = email or None
    if admin is not None:
        user.admin = admin
    if disabled is not None:
        user.disabled_at = (user.disabled_at or now()) if disabled else None
    if disabled:
        user.link_sha256 = user.link_expires_at = None
        sign_out_everywhere(session, user)
    session.flush()
    if administered and not _administers(user):
        _check_administrators(session)


def _administers(user: User) -> bool:
    return user.admin and user.disabled_at is None


def _check_administrators(session: Session) -> None:
    """Refuse a change after which nobody administers."""
    able = select(User.id).where(User.admin, User.disabled_at.is_(None))
    if session.scalar(able.limit(1)) is None:
        raise LastOfItsKind


def _checked(name: str) -> str:
    lowered = name.strip().lower()
    if not NAME.fullmatch(lowered) or lowered in RESERVED or is_id(lowered):
        raise InvalidFields.one(
            "name",
            said("this is no name to sign in with"),
            name,
            said("1 to 100 of a to z, digits and . _ @ + -, a letter or a digit first"),
        )
    return lowered
