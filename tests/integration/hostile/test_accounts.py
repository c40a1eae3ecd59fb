"""Sessions, forms, tokens and links that are not what they seem."""

from collections.abc import Callable, Iterator
from datetime import timedelta

import httpx
import pytest

from shared.accounts.models import DEFAULT_TEAM_ID
from shared.accounts.queries import get_token, get_user
from shared.accounts.rights import Right
from shared.accounts.services import change_user, make_link, sign_out_everywhere, use_link
from shared.accounts.tokens import NewToken, make_token, revoke_token
from shared.db import now
from tests.support.access import FORM_TOKEN
from tests.support.counting import rows
from tests.support.factories import do
from tests.support.hostile import UNCOUNTED, Hostile, Target, refused_answer, tried, unharmed
from tests.support.signing_in import make_user

JOBS = "/api/v1/jobs?limit=1"


@pytest.fixture
def browser(target: Target) -> Iterator[httpx.Client]:
    """A browser in which nobody is signed in."""
    with httpx.Client(base_url=f"http://127.0.0.1:{target.port}", timeout=30) as client:
        yield client


def token(target: Target, name: str, **more: object) -> tuple[str, str, str]:
    """Return a new user's id, and the id and the secret of a token of theirs."""
    user = make_user(target.db, name)
    new = NewToken(DEFAULT_TEAM_ID, "mine", Right.MANAGE, **more)  # type: ignore[arg-type]
    made, secret = do(target.db, lambda s: make_token(s, user, new))
    return user.id, made.id, secret


def revoked(target: Target) -> str:
    """Return a token that was used, then revoked."""
    user, its_id, secret = token(target, "rita")
    bearer = {"Authorization": f"Bearer {secret}"}
    assert target.client.get(JOBS, headers=bearer).status_code == 200
    do(target.db, lambda s: revoke_token(s, get_token(s, user, its_id)))
    return secret


def expired(target: Target) -> str:
    """Return a token whose time is over."""
    return token(target, "eve", expires_at=now() - timedelta(seconds=1))[2]


def disabled(target: Target) -> str:
    """Return the token of somebody who was disabled."""
    make_user(target.db, "root", admin=True)
    user, _, secret = token(target, "dora")
    do(target.db, lambda s: change_user(s, get_user(s, user), disabled=True))
    return secret


def cut(target: Target) -> str:
    """Return a token but for its last letter."""
    return token(target, "carl")[2][:-1]


def signature(target: Target) -> str:
    """Return a token's digest, as the database has it."""
    user, its_id, _ = token(target, "sven")
    return do(target.db, lambda s: get_token(s, user, its_id).sha256)


@tried(
    "Tokens",
    Hostile("a revoked token", "used again", 401, "unauthorized", revoked),
    Hostile("an expired token", "used again", 401, "unauthorized", expired),
    Hostile("the token of one who left", "its user was disabled", 401, "unauthorized", disabled),
    Hostile("a token cut short", "all but its last letter", 401, "unauthorized", cut),
    Hostile("what is stored", "a token's digest instead of it", 401, "unauthorized", signature),
)
def test_tokens(case: Hostile, target: Target) -> None:
    """A token works as long as it is one."""
    secret = case.attack(target)
    with unharmed(target):
        answer = target.client.get(JOBS, headers={"Authorization": f"Bearer {secret}"})
        refused_answer(case, answer, target)
        assert secret not in target.said()


def form_of(browser: httpx.Client, path: str) -> str:
    """Return the form token of a page."""
    found = FORM_TOKEN.search(browser.get(path).text)
    assert found
    return found[1]


def enter(browser: httpx.Client, target: Target, name: str, **more: str) -> httpx.Response:
    """Sign somebody in by a link; make them where there is nobody of that name."""
    user = make_user(target.db, name)
    secret = do(target.db, lambda s: make_link(s, get_user(s, user.id)))
    data = {"secret": secret, "csrf_token": form_of(browser, "/sign-in"), **more}
    answer = browser.post("/sign-in/link", data=data)
    assert answer.status_code == 303, answer.text
    return answer


def fixed(browser: httpx.Client, target: Target) -> httpx.Response:
    """Give somebody a session's cookie before they sign in, and use it after."""
    form_of(browser, "/sign-in")
    before = browser.cookies["session"]
    enter(browser, target, "fay")
    assert browser.cookies["session"] != before
    browser.cookies = httpx.Cookies({"session": before})
    return browser.post("/corpora/new", data={})


def signed_out(browser: httpx.Client, target: Target) -> httpx.Response:
    """Use a cookie again after its user signed out everywhere."""
    enter(browser, target, "olga")
    do(target.db, lambda s: sign_out_everywhere(s, get_user(s, "olga")))
    return browser.post("/corpora/new", data={})


def forged(browser: httpx.Client, target: Target) -> httpx.Response:
    """Change what a cookie says, and keep its signature."""
    enter(browser, target, "fred")
    said, _, signed = browser.cookies["session"].partition(".")
    browser.cookies = httpx.Cookies({"session": f"{said[:-2]}AA.{signed}"})
    return browser.post("/corpora/new", data={})


def foreign(browser: httpx.Client, target: Target) -> httpx.Response:
    """Send a form with the token of another session."""
    with httpx.Client(base_url=browser.base_url) as other:
        theirs = form_of(other, "/sign-in")
    enter(browser, target, "cora")
    return browser.post("/corpora/new", data={"name": "N", "csrf_token": theirs})


def without(browser: httpx.Client, target: Target) -> httpx.Response:
    """Send a form without its token, signed in."""
    enter(browser, target, "will")
    return browser.post("/corpora/new", data={"name": "N"})


def by_session(browser: httpx.Client, target: Target) -> httpx.Response:
    """Use the API with a browser's session."""
    enter(browser, target, "ben")
    return browser.post("/api/v1/training-jobs", json={})


def used_link(browser: httpx.Client, target: Target) -> httpx.Response:
    """Use a sign-in link twice."""
    user = make_user(target.db, "lena")
    secret = do(target.db, lambda s: make_link(s, get_user(s, user.id)))
    do(target.db, lambda s: use_link(s, secret))
    data = {"secret": secret, "csrf_token": form_of(browser, "/sign-in")}
    return browser.post("/sign-in/link", data=data)


def guessed(browser: httpx.Client, _: Target) -> httpx.Response:
    """Sign in as somebody that there is not."""
    data = {"name": "' OR 1=1 --", "password": "a" * 5000}
    return browser.post("/sign-in", data=data | {"csrf_token": form_of(browser, "/sign-in")})


Attack = Callable[[httpx.Client, Target], httpx.Response]


@tried(
    "Sessions and forms",
    Hostile("a fixed session", "a session's cookie from before signing in", 401, None, fixed),
    Hostile("a session that ended", "a cookie from before signing out", 401, None, signed_out),
    Hostile("a session that was changed", "another text, the same signature", 401, None, forged),
    Hostile("another's form", "the form token of another session", 400, None, foreign),
    Hostile("a form of another site", "a form without its token", 400, None, without),
    Hostile("a session for a token", "the API with a browser's cookie", 401, "unauthorized",
            by_session),
    Hostile("a link twice", "a sign-in link that was used", 401, None, used_link),
    Hostile("SQL for a name", "`' OR 1=1 --`, and a password of 5,000 letters", 401, None, guessed),
)  # fmt: skip
def test_sessions(case: Hostile, target: Target, browser: httpx.Client) -> None:
    """A session is that of who signed in, as long as it lasts."""
    # Who signs in is made for it: all but people is as it was.
    before = rows(target.db, UNCOUNTED) | {"users": 0, "memberships": 0}
    refused_answer(case, case.attack(browser, target), target)
    assert rows(target.db, UNCOUNTED) | {"users": 0, "memberships": 0} == before


NEXT = {"another host": "https://evil.example/", "a host without a scheme": "//evil.example/",
        "a backslash": "/\\evil.example/", "a script": "javascript:alert(1)",
        "a header": "/\r\nSet-Cookie: a=b", "a tab": "/\t/evil.example/"}  # fmt: skip


@tried(
    "Where signing in leads",
    *(
        Hostile(name, "`next` of the form", 303, None, path, "to the first page")
        for name, path in NEXT.items()
    ),
)
def test_next(case: Hostile, target: Target, browser: httpx.Client) -> None:
    """To a path of this service."""
    answer = enter(browser, target, f"next-{list(NEXT).index(case.name)}", next=case.attack)
    refused_answer(case, answer, target)
    assert answer.headers["Location"] == "/"
