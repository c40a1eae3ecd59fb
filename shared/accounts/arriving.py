"""People whom a provider sends: who they are here, and whether they are let in.

They are known by issuer and subject alone: a name or an e-mail address is whoever's has it today.
"""

import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from secrets import token_hex
from typing import Any

import structlog
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from shared.accounts.audit import RESERVED
from shared.accounts.models import User
from shared.accounts.provider import Provider
from shared.accounts.queries import get_team
from shared.accounts.services import add_user, change_user
from shared.accounts.teams import set_role
from shared.errors import LastOfItsKind, NotAdmitted, NotFound, SettingsError, Taken
from shared.ids import is_id
from shared.said import said

MOST_SUBJECT = 255
# Room for what makes it unique.
MOST_NAME = 90
COUNTED = 20

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Person:
    """Who somebody is at a provider; ``email`` is verified; ``admin`` None: it does not say."""

    issuer: str
    subject: str
    name: str
    email: str | None
    admin: bool | None


def person_of(claims: Mapping[str, Any], provider: Provider) -> Person:
    """Return of whom claims tell. Raises ``ValueError`` where they tell of nobody."""
    subject = claims.get("sub")
    if not isinstance(subject, str) or not 0 < len(subject) <= MOST_SUBJECT:
        raise ValueError(f"sub is no text of 1 to {MOST_SUBJECT} characters")
    email, name = claims.get("email"), claims.get("preferred_username")
    # Some write it as a text.
    verified = isinstance(email, str) and claims.get("email_verified") in (True, "true")
    called = next((text for text in (name, email) if isinstance(text, str) and text), "")
    known = email if verified else None
    return Person(provider.issuer, subject, called, known, _administers(claims, provider))


def let_in(session: Session, person: Person, provider: Provider) -> User:
    """Return the user who a person is here; a new one where the provider's people are added.

    Raises ``NotAdmitted``, and ``IntegrityError`` where another request has just added them.
    """
    check_domain(person, provider)
    user = user_of(session, person) or _add(session, person, provider)
    if user.disabled_at is not None:
        raise NotAdmitted(said("your account here is disabled"))
    if person.admin is not None and person.admin != user.admin:
        _administer(session, user, person.admin)
    return user


def check_domain(person: Person, provider: Provider) -> None:
    """Raise ``NotAdmitted`` where only certain domains are let in, and this one is none of them."""
    domain = (person.email or "").rpartition("@")[2].lower()
    if provider.domains and domain not in provider.domains:
        raise NotAdmitted(
            said(
                "people with a verified e-mail address in {domains} are let in; yours: {domain}",
                domains=", ".join(provider.domains),
                domain=domain or said("none"),
            )
        )


def user_of(session: Session, person: Person) -> User | None:
    """Return the user whom a person is tied to, or None."""
    its = (User.issuer == person.issuer, User.subject == person.subject)
    return session.scalar(select(User).where(*its))


def tie(session: Session, user: User, person: Person) -> None:
    """Let a user sign in as a person of a provider. Raises ``Taken``."""
    try:
        with session.begin_nested():
            user.issuer, user.subject = person.issuer, person.subject
    except IntegrityError as error:
        raise Taken(
            said("somebody else here signs in with this account of the provider already")
        ) from error


def untie(session: Session, user: User) -> None:
    """Let a user no longer sign in through a provider."""
    user.issuer = user.subject = None
    session.flush()


def _add(session: Session, person: Person, provider: Provider) -> User:
    if not provider.adds_users:
        raise NotAdmitted(
            said(
                "nobody here signs in with this account of the provider: an administrator can add "
                "you, and then you tie it to your account"
            )
        )
    user = _named(session, person)
    user.issuer, user.subject = person.issuer, person.subject
    session.flush()
    if provider.team is not None:
        set_role(session, _team(session, provider.team), user, provider.role)
    return user


def _team(session: Session, name: str) -> str:
    try:
        return get_team(session, name).id
    except NotFound as error:
        raise SettingsError(f"CHARLOOM_OIDC_TEAM: there is no team {name!r}") from error


def _named(session: Session, person: Person) -> User:
    """Add a user with the person's name, or one like it that nobody has."""
    for name in _names(person.name):
        try:
            return add_user(session, name, email=person.email)
        except Taken:
            continue
    raise AssertionError("unreachable: there is always another name")


def _names(wanted: str) -> Iterator[str]:
    plain = unicodedata.normalize("NFKD", wanted[: 4 * MOST_NAME]).lower()
    plain = "".join(letter for letter in plain if not unicodedata.combining(letter))
    name = re.sub(r"[^a-z0-9._@+-]+", "-", plain).lstrip("._@+-").rstrip("-")[:MOST_NAME] or "user"
    if name not in RESERVED and not is_id(name):
        yield name
    yield from (f"{name}-{number}" for number in range(2, COUNTED))
    while True:
        yield f"{name}-{token_hex(4)}"


def _administers(claims: Mapping[str, Any], provider: Provider) -> bool | None:
    if provider.admin_claim is None:
        return None
    held = claims.get(provider.admin_claim)
    return provider.admin_value in (held if isinstance(held, list) else [held])


def _administer(session: Session, user: User, admin: bool) -> None:
    """Follow the provider in who administers; somebody stays."""
    try:
        with session.begin_nested():
            change_user(session, user, admin=admin)
    except LastOfItsKind:
        log.warning("the last administrator stays one, against the provider", user=user.name)
