"""Signing in without the form: what most tests of pages are not about."""

import re
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
from flask.testing import FlaskClient
from playwright.sync_api import Browser, StorageState

from shared.accounts.models import DEFAULT_TEAM_ID, User
from shared.accounts.queries import get_user
from shared.accounts.rights import Role
from shared.accounts.services import add_user, make_link
from shared.accounts.teams import set_role
from shared.db import Database
from shared.errors import NotFound
from web.signed_in import SignedIn

VISITOR = "ada"
LINK_FORM = re.compile(r'name="(csrf_token|secret)"[^>]* value="([^"]*)"')


def make_user(
    db: Database,
    name: str = VISITOR,
    role: Role | None = Role.MANAGER,
    *,
    team_id: str = DEFAULT_TEAM_ID,
    admin: bool = False,
) -> User:
    """Add a user, a manager of the default team unless told otherwise; return it."""
    with db.write() as session:
        user = add_user(session, name, admin=admin)
        if role is not None:
            set_role(session, team_id, user, role)
        return get_user(session, user.id)


def sign_in(client: FlaskClient, user: User) -> None:
    """Give a client the session of a user."""
    with client.session_transaction() as session:
        session["_user_id"] = SignedIn(user).get_id()
        session["_fresh"] = True


def link_of(database_url: str, url: str, name: str = "admin") -> str:
    """Return a link that signs in a user of a running service, an administrator if it is new."""
    db = Database(database_url)
    try:
        with db.write() as session:
            try:
                user = get_user(session, name)
            except NotFound:
                user = add_user(session, name, admin=True)
            return f"{url}/sign-in/link?secret={make_link(session, user)}"
    finally:
        db.close()


@contextmanager
def visiting(database_url: str, url: str) -> Iterator[httpx.Client]:
    """Yield a client that has the session of an administrator of a running service."""
    link = link_of(database_url, url)
    with httpx.Client(base_url=url, trust_env=False, timeout=30) as visitor:
        form = dict(LINK_FORM.findall(visitor.get(link).text))
        answer = visitor.post("/sign-in/link", data=form)
        assert answer.status_code == 303, answer.text
        yield visitor


def signed_in_state(
    browser: Browser, url: str, database_url: str, name: str = "admin"
) -> StorageState:
    """Return what a browser keeps of a user of a running service: a context with it is signed in.

    It goes through the sign-in link, as one does.
    """
    context = browser.new_context(locale="en")
    page = context.new_page()
    page.goto(link_of(database_url, url, name))
    page.get_by_role("main").get_by_role("button", name="Sign in").click()
    page.wait_for_url(f"{url}/")
    state = context.storage_state()
    context.close()
    return state
