"""Signing in and one's own account."""

import re
from urllib.parse import parse_qs, urlsplit

import pytest

from shared.accounts.models import DEFAULT_TEAM_ID
from shared.accounts.queries import get_user, list_entries, list_tokens
from shared.accounts.rights import Right, Role
from shared.accounts.services import change_user, make_link, set_password
from shared.accounts.teams import set_role
from shared.accounts.tokens import NewToken, make_token
from shared.db import Database
from tests.integration.pages.conftest import MakeSite
from tests.integration.pages.site import Site
from tests.support.factories import do, make_corpus, make_team
from tests.support.signing_in import VISITOR, make_user, sign_in

PASSWORD, OTHER = "correct horse battery", "another long secret"
SECRET = re.compile(r'id="secret">([^<]+)<')


@pytest.fixture
def stranger(make_site: MakeSite) -> Site:
    """A visitor who is not signed in."""
    site = make_site()
    site.client.delete_cookie("session")
    return site


def set_to(db: Database, password: str, name: str = VISITOR) -> None:
    """Give a user a password."""
    do(db, lambda s: set_password(s, get_user(s, name), password))


def test_sign_in_and_out(stranger: Site, db: Database) -> None:
    """The page that was asked for comes after the form; signed in, the form is not shown again."""
    set_to(db, PASSWORD)
    asked = stranger.get("/jobs?kind=train")
    assert asked.status == 303
    assert urlsplit(asked.location).path == "/sign-in"
    (wanted,) = parse_qs(urlsplit(asked.location).query)["next"]
    entered = stranger.submit("/sign-in", name=" Ada ", password=PASSWORD, next=wanted)
    assert (entered.status, entered.location) == (303, "/jobs?kind=train")
    assert stranger.get("/sign-in?next=/models").location == "/models"
    left = stranger.submit("/sign-in/out", "/")
    assert left.location == "/sign-in"
    assert stranger.get("/jobs").status == 303


def test_a_refused_sign_in_keeps_the_name(stranger: Site, db: Database) -> None:
    """A wrong password and a name that there is not are told alike; the password is not shown."""
    set_to(db, PASSWORD)
    for name in (VISITOR, "nobody-of-that-name"):
        refused = stranger.submit("/sign-in", name=name, password=OTHER, next="/jobs")
        assert refused.status == 401
        assert "The name or the password is wrong" in refused.text
        assert refused.value("name") == name
        assert refused.value("next") == "/jobs"
        assert OTHER not in refused.html


@pytest.mark.parametrize("where", ["https://evil.example/", "//evil.example", "/\\evil.example"])
def test_no_way_out_of_the_service(stranger: Site, db: Database, where: str) -> None:
    """What follows signing in is a page of this service."""
    set_to(db, PASSWORD)
    assert stranger.submit("/sign-in", name=VISITOR, password=PASSWORD, next=where).location == "/"


def test_who_is_not_signed_in_sees_no_navigation(stranger: Site) -> None:
    """The form is bare: no way to pages that would only lead back to it, nothing that asks."""
    html = stranger.get("/sign-in").html
    assert 'href="/jobs"' not in html
    assert "news.js" not in html
    assert 'id="toasts"' not in html


def test_a_link_says_whose_it_is_and_works_once(stranger: Site, db: Database) -> None:
    """A refused password leaves the link as it was; used, it says that it no longer works."""
    secret = do(db, lambda s: make_link(s, get_user(s, VISITOR)))
    page = f"/sign-in/link?secret={secret}"
    assert stranger.get(page).value("name") == VISITOR
    refused = stranger.submit("/sign-in/link", page, secret=secret, password="short")
    assert refused.status == 422
    assert "Accepted: 10 to 1000 characters" in (refused.error("password") or "")
    used = stranger.submit("/sign-in/link", page, secret=secret, password=PASSWORD)
    assert used.location == "/"
    assert stranger.get("/account").text.count(VISITOR) > 1
    again = stranger.get(page)
    assert again.status == 410
    assert "This link no longer works" in again.text


def test_change_the_password(site: Site, make_site: MakeSite, db: Database) -> None:
    """The old one is asked for; this browser stays signed in, another one does not."""
    set_to(db, PASSWORD)
    here, there = make_site(), make_site()
    refused = here.submit("/account/password", "/account", old_password=OTHER, password=OTHER)
    assert refused.status == 422
    assert refused.error("old_password") == "This is not your password."
    assert PASSWORD not in refused.html
    weak = here.submit("/account/password", "/account", old_password=PASSWORD, password="ada" * 5)
    assert weak.errors() == {"password"}
    changed = here.submit("/account/password", "/account", old_password=PASSWORD, password=OTHER)
    assert changed.status == 303
    assert "The password is changed." in here.get("/account").text
    assert there.get("/account").status == 303
    assert site.get("/account").status == 303


def test_a_forgotten_password_is_replaced_by_way_of_a_link(stranger: Site, db: Database) -> None:
    """Who came by a link is not asked for the old one, once; whoever signs in later is."""
    set_to(db, PASSWORD)
    secret = do(db, lambda s: make_link(s, get_user(s, VISITOR)))
    stranger.submit("/sign-in/link", f"/sign-in/link?secret={secret}", secret=secret)
    assert "Present password" not in stranger.get("/account").text
    assert stranger.submit("/account/password", "/account", password=OTHER).status == 303
    refused = stranger.submit("/account/password", "/account", password=PASSWORD)
    assert refused.error("old_password") == "This is not your password."


def test_the_old_password_is_not_guessed(site: Site, db: Database) -> None:
    """Who found a browser open may try it as often as who signs in, and the log tells of it."""
    set_to(db, PASSWORD)
    here = site
    sign_in(here.client, do(db, lambda s: get_user(s, VISITOR)))
    statuses = [
        here.submit("/account/password", "/account", old_password=f"{n}", password=OTHER).status
        for n in range(12)
    ]
    assert statuses == [422] * 10 + [429] * 2
    with db.read() as session:
        told = list_entries(session, outcome="refused", limit=50).data
    assert [entry.action for entry in told] == ["account.password"] * 10


def test_set_a_first_password(site: Site) -> None:
    """Who signed in by a link has none to tell."""
    assert site.submit("/account/password", "/account", password=PASSWORD).status == 303
    assert "Present password" in site.get("/account").text


def test_sign_out_everywhere(make_site: MakeSite) -> None:
    """Every session ends, this one too."""
    here, there = make_site(), make_site()
    assert here.submit("/account/sign-out-everywhere", "/account").location == "/sign-in"
    assert "You are signed out in all browsers." in here.get("/sign-in").text
    assert (here.get("/account").status, there.get("/account").status) == (303, 303)


def test_a_token_is_made_shown_once_and_revoked(site: Site, db: Database) -> None:
    """It works against the API until it is revoked."""
    made = site.submit(
        "/account/tokens/new",
        name="laptop",
        team=DEFAULT_TEAM_ID,
        scope="read",
        expires_in_days="7",
    )
    assert made.status == 201
    assert made.answer.headers["Cache-Control"] == "no-store"
    assert "laptop is made" in made.text
    (secret,) = SECRET.findall(made.html)
    bearer = {"Authorization": f"Bearer {secret}"}
    assert site.client.get("/api/v1/jobs", headers=bearer).status_code == 200
    assert site.client.post("/api/v1/corpora", headers=bearer, json={}).status_code == 403
    listed = site.get("/account")
    assert secret not in listed.html
    assert secret[:15] in listed.html
    token = do(db, lambda s: list_tokens(s, get_user(s, VISITOR).id)).data[0]
    assert site.submit(f"/account/tokens/{token.id}/revoke", "/account").status == 303
    assert site.client.get("/api/v1/jobs", headers=bearer).status_code == 401
    told = [(entry.action, entry.outcome) for entry in do(db, list_entries).data]
    wanted = [("tokens.revoke", "done"), ("tokens.add", "done")]
    assert [entry for entry in told if entry[0].startswith("tokens.")] == wanted


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", "  "),
        ("name", "x" * 201),
        ("team", "no-team"),
        ("scope", "admin"),
        ("expires_in_days", "0"),
    ],
)
def test_a_token_that_may_not_be(site: Site, db: Database, field: str, value: str) -> None:
    """No more than one may oneself; what was typed stays."""
    typed = {"name": "a", "team": DEFAULT_TEAM_ID, "scope": "read", "expires_in_days": "7"} | {
        field: value
    }
    refused = site.submit("/account/tokens/new", **typed)
    assert refused.status == 422
    assert refused.errors() == {field}
    assert refused.value("name") == typed["name"]
    assert not do(db, lambda s: list_tokens(s, get_user(s, VISITOR).id)).data


def test_another_ones_token_is_not_there(site: Site, db: Database) -> None:
    """It can neither be seen nor revoked."""
    other = make_user(db, "grace")
    new = NewToken(DEFAULT_TEAM_ID, "hers", Right.READ)
    token, _ = do(db, lambda s: make_token(s, get_user(s, other.id), new))
    assert site.submit(f"/account/tokens/{token.id}/revoke", "/account").status == 404
    assert "hers" not in site.get("/account").text


def test_switch_the_team(site: Site, db: Database) -> None:
    """What is another team's is not there, but it is said where it may be; of one's own alone."""
    others, foreign = make_team(db), make_team(db, "foreign")
    do(db, lambda s: set_role(s, others, get_user(s, VISITOR), Role.VIEWER))
    corpus = make_corpus(db, team_id=others)
    page = f"/corpora/{corpus.id}"
    missing = site.get(page)
    assert missing.status == 404
    assert "It may belong to another of your teams: Look in the others" in missing.text
    assert "Look in" not in site.get("/no/such/page").text
    there = site.submit("/account/team", page, team=others, back=page)
    assert there.location == page
    assert site.get(page).status == 200
    assert "you are: viewer" in site.get(page).text
    for team in (foreign, "nonsense", ""):
        assert site.submit("/account/team", "/", team=team).status == 404


def test_administrators_act_in_any_team(site: Site, db: Database) -> None:
    """Also in one that they are no member of."""
    foreign = make_team(db, "foreign")
    do(db, lambda s: change_user(s, get_user(s, VISITOR), admin=True))
    assert site.submit("/account/team", "/", team=foreign, back="/team").location == "/team"
    assert "In foreign you are: administrator" in site.get("/team").text


def test_who_is_in_no_team_is_told_who_can_help(site: Site, db: Database) -> None:
    """Home says what to do; the rest is refused with the same names."""
    make_user(db, "root", None, admin=True)
    sign_in(site.client, make_user(db, "newcomer", None))
    home = site.get("/")
    assert home.status == 200
    assert "You are in no team yet" in home.text
    assert "the administrators: root" in home.text
    assert site.get("/account").status == 200
    refused = site.get("/jobs")
    assert refused.status == 403
    assert "root" in refused.text


def test_the_403_page_names_the_managers(site: Site, db: Database) -> None:
    """It says what is needed and who can give it."""
    sign_in(site.client, make_user(db, "grace", Role.VIEWER))
    refused = site.get("/training/new")
    assert refused.status == 403
    assert re.search("the managers of default *: *ada", refused.text)


def test_a_form_after_the_session_ended_leads_to_signing_in(stranger: Site) -> None:
    """The page says so, and has the way."""
    token = stranger.token("/sign-in")
    answer = stranger.client.post("/jobs/x/cancel", data={"csrf_token": token})
    assert answer.status_code == 401
    assert 'href="/sign-in"' in answer.get_data(as_text=True)
