"""Sessions of browsers: how they begin, what they survive, and when they end."""

import re
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from apiflask import APIFlask
from flask.testing import FlaskClient
from sqlalchemy.exc import OperationalError
from werkzeug.test import TestResponse

from shared.accounts.models import Membership
from shared.accounts.queries import get_user, list_entries
from shared.accounts.rights import Role
from shared.accounts.services import change_user, make_link, set_password, sign_out_everywhere
from shared.accounts.teams import remove_member, set_role
from shared.db import Database
from shared.ids import new_id
from shared.queue import FakeTickets
from shared.settings import Settings
from tests.support.apps import make_app
from tests.support.factories import do, make_team, make_training_job
from tests.support.signing_in import make_user, sign_in

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

PASSWORD = "correct horse battery"
HTML, JSON = {"Accept": "text/html"}, {"Accept": "application/json"}
MakeBrowser = Callable[..., FlaskClient]


@pytest.fixture
def make_browser(settings: Settings, tickets: FakeTickets, db: Database) -> Iterator[MakeBrowser]:
    """Make a browser; the user ada has a password."""
    user = make_user(db)
    do(db, lambda s: set_password(s, get_user(s, user.id), PASSWORD))
    apps: list[APIFlask] = []

    def make(**changes: Any) -> FlaskClient:
        apps.append(make_app(settings.model_copy(update=changes), tickets))
        return apps[-1].test_client()

    yield make
    for app in apps:
        app.extensions["charloom"].db.close()


@pytest.fixture
def browser(make_browser: MakeBrowser) -> FlaskClient:
    return make_browser()


def form_token(browser: FlaskClient, path: str = "/sign-in", **options: Any) -> str:
    """Return the token of the form on a page."""
    page = browser.get(path, **options).get_data(as_text=True)
    found = re.search(r'name="csrf_token" value="([^"]+)"', page)
    assert found, page
    return found[1]


def enter(browser: FlaskClient, **fields: str) -> TestResponse:
    """Send the form of signing in, as ada unless told otherwise."""
    sent = {"csrf_token": form_token(browser), "name": "ada", "password": PASSWORD} | fields
    return browser.post("/sign-in", data=sent)


def is_in(browser: FlaskClient) -> bool:
    """Tell whether a browser is signed in."""
    return browser.get("/jobs", headers=HTML).status_code == 200


def cookie(answer: TestResponse) -> str:
    """Return the session's cookie with its flags."""
    (found,) = (c for c in answer.headers.getlist("Set-Cookie") if c.startswith("session="))
    return found


def test_a_session_begins_and_ends(browser: FlaskClient, db: Database) -> None:
    """With the password it begins, and signing out ends it; both are noted."""
    assert not is_in(browser)
    answer = enter(browser, next="/jobs?status=failed")
    assert (answer.status_code, answer.headers["Location"]) == (303, "/jobs?status=failed")
    assert is_in(browser)
    browser.post("/sign-in/out", data={"csrf_token": form_token(browser, "/jobs")})
    assert not is_in(browser)
    with db.read() as session:
        told = [entry.action for entry in list_entries(session).data]
    assert told == ["signing.leave", "signing.in"]


def test_a_wrong_password_is_noted_without_it(browser: FlaskClient, db: Database) -> None:
    """Nor with a name that nobody has, which may be a password. The answers are the same."""
    answers = [enter(browser, name=name, password="wrong horse") for name in ("ada", "eve")]
    assert [answer.status_code for answer in answers] == [401, 401]
    texts = [re.sub(r'value="[^"]*"', "", answer.text) for answer in answers]
    assert texts[0] == texts[1]
    assert not is_in(browser)
    with db.read() as session:
        entries = list_entries(session, outcome="refused").data
    assert [entry.details["name"] for entry in entries] == [None, "ada"]
    assert "wrong horse" not in str([vars(entry) for entry in entries])


def test_no_session_is_taken_over(browser: FlaskClient) -> None:
    """What somebody planted in the browser before is gone when it is signed in (fixation)."""
    with browser.session_transaction() as session:
        session["planted"] = "by somebody"
    before = form_token(browser)
    enter(browser)
    with browser.session_transaction() as session:
        assert "planted" not in session
        assert session["_user_id"]
    assert browser.post("/sign-in/out", data={"csrf_token": before}).status_code == 400
    assert is_in(browser)


@pytest.mark.parametrize("elsewhere", [
    "//evil.example", "https://evil.example", "/\\evil.example", "\\\\evil.example", "evil",
    "/\t/evil.example", "///evil.example", "javascript:alert(1)", "/\r\nSet-Cookie: a=b", "",
])  # fmt: skip
def test_nobody_is_led_elsewhere(browser: FlaskClient, elsewhere: str) -> None:
    """Whatever the link to the form says, one comes to a page of this service."""
    answer = enter(browser, next=elsewhere)
    assert (answer.status_code, answer.headers["Location"]) == (303, "/")


def test_a_forged_session_is_none(browser: FlaskClient, db: Database) -> None:
    """Signed with another key, or of a user with another key, or with something else inside."""
    with db.read() as session:
        user = get_user(session, "ada")
    key = user.session_key
    forged = (user.id, f"{user.id}.", f"{user.id}.wrong", f"x.{key}", ".", "", "\0.\0",
              f"{new_id()}.{key}", f"{user.id}.{key}x")  # fmt: skip
    for value in forged:
        with browser.session_transaction() as session:
            session["_user_id"] = value
        assert not is_in(browser), value
    browser.set_cookie("session", "eyJfdXNlcl9pZCI6ImEifQ.aaaaaa.bbbbbbbbbbbb")
    assert not is_in(browser)


ENDS: dict[str, Callable[[Any], object]] = {
    "signed out everywhere": lambda s: sign_out_everywhere(s, get_user(s, "ada")),
    "disabled": lambda s: change_user(s, get_user(s, "ada"), disabled=True),
    "another password": lambda s: set_password(s, get_user(s, "ada"), PASSWORD + " staple"),
}


@pytest.mark.parametrize("end", ENDS)
def test_other_browsers_are_signed_out(browser: FlaskClient, db: Database, end: str) -> None:
    """At their next request: of pages, and of what pages ask for."""
    enter(browser)
    other = browser.application.test_client()
    sign_in(other, do(db, lambda s: get_user(s, "ada")))
    assert is_in(browser)
    assert is_in(other)
    do(db, ENDS[end])
    job = make_training_job(db)
    for one in (browser, other):
        assert one.get(f"/jobs/{job.id}/live.json", headers=JSON).status_code == 401
        assert not is_in(one)


def test_a_role_counts_at_once(browser: FlaskClient, db: Database) -> None:
    """A session says who it is, not what one may do: that is asked at every request."""
    enter(browser)
    assert browser.get("/corpora/new", headers=HTML).status_code == 200
    do(db, lambda s: set_role(s, mine(s).team_id, get_user(s, "ada"), Role.VIEWER))
    assert browser.get("/corpora/new", headers=HTML).status_code == 403
    do(db, lambda s: remove_member(s, mine(s).team_id, get_user(s, "ada").id))
    assert browser.get("/corpora", headers=HTML).status_code == 403


def mine(session: Any) -> Membership:
    """Return the membership of ada."""
    (found,) = get_user(session, "ada").memberships
    return found


def test_a_chosen_team_is_one_of_ones_own(browser: FlaskClient, db: Database) -> None:
    """What a session holds of a team is looked at as if it were typed."""
    enter(browser)
    other = make_team(db)
    theirs = make_training_job(db, team_id=other)
    for team in (other, "x", new_id()):
        with browser.session_transaction() as session:
            session["team"] = team
        assert browser.get(f"/jobs/{theirs.id}", headers=HTML).status_code == 404
    do(db, lambda s: set_role(s, other, get_user(s, "ada"), Role.VIEWER))
    with browser.session_transaction() as session:
        session["team"] = other
    assert browser.get(f"/jobs/{theirs.id}", headers=HTML).status_code == 200


def test_a_link_signs_in_once(browser: FlaskClient, db: Database) -> None:
    """Looking at it does not use it up; with a password that is refused it stays."""
    secret = do(db, lambda s: make_link(s, get_user(s, "ada")))
    path = f"/sign-in/link?secret={secret}"
    statuses = []
    for password in ("short", "another horse", "a third horse"):
        browser.get(path)
        sent = {"csrf_token": form_token(browser, path), "secret": secret, "password": password}
        statuses.append(browser.post("/sign-in/link", data=sent).status_code)
    assert statuses == [422, 303, 401]
    assert enter(browser.application.test_client(), password=PASSWORD).status_code == 401
    assert enter(browser.application.test_client(), password="another horse").status_code == 303


def test_the_cookies_flags(make_browser: MakeBrowser) -> None:
    """No script reads it, no other site sends it; behind TLS it goes over nothing else."""
    plain = cookie(enter(make_browser()))
    assert {"HttpOnly", "SameSite=Lax", "Path=/"} <= set(plain.split("; "))
    assert "Secure" not in plain
    tls = make_browser(public_url="https://charloom.example.org", proxies=1)
    forwarded = {"X-Forwarded-Proto": "https", "X-Forwarded-For": "192.0.2.7"}
    base: dict[str, Any] = {"base_url": "https://localhost/", "headers": forwarded}
    sent = {"csrf_token": form_token(tls, **base), "name": "ada", "password": PASSWORD}
    secure = cookie(tls.post("/sign-in", data=sent, **base | {
        "headers": forwarded | {"Referer": "https://localhost/sign-in"}}))  # fmt: skip
    assert {"Secure", "HttpOnly", "SameSite=Lax"} <= set(secure.split("; "))


def test_a_session_lasts_as_long_as_is_set(
    make_browser: MakeBrowser, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And no longer, whatever the browser keeps; each request begins the time anew."""
    browser, days = make_browser(session_days=3), 24 * 3600
    enter(browser)
    start = time.time()
    for later, kept in ((2, True), (4, True), (8, False)):
        now = start + later * days
        monkeypatch.setattr("itsdangerous.timed.time.time", lambda now=now: now)
        assert is_in(browser) is kept, later


def test_the_form_wants_its_token(browser: FlaskClient, db: Database) -> None:
    """Nobody is signed in by another site; that it was tried is noted."""
    answer = browser.post("/sign-in", data={"name": "ada", "password": PASSWORD})
    assert answer.status_code == 400
    assert not is_in(browser)
    with db.read() as session:
        (entry,) = list_entries(session).data
    assert (entry.action, entry.outcome, entry.details["status"]) == (
        "signing.enter",
        "refused",
        400,
    )


def test_sessions_and_tokens_are_not_taken_for_each_other(browser: FlaskClient) -> None:
    """A browser's session is none to the API, nor the installation's token to a page."""
    enter(browser)
    assert browser.get("/api/v1/jobs").status_code == 401
    assert browser.get("/metrics").status_code == 401
    stranger = browser.application.test_client()
    sent = HTML | {"Authorization": "Bearer test-token"}
    assert stranger.get("/jobs", headers=sent).status_code == 303


def test_a_page_without_a_database_is_a_503(
    browser: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also to who is signed in, of whom then nothing can be known."""
    enter(browser)

    def away(*_: object, **__: object) -> None:
        raise OperationalError("select", {}, Exception("the server is away"))

    monkeypatch.setattr("web.signed_in.session_user", away)
    answer = browser.get("/jobs", headers=HTML)
    assert (answer.status_code, "database" in answer.text) == (503, True)
