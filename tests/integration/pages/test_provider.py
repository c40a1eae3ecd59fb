"""Signing in through an OpenID Connect provider: a real one, on this machine."""

import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from sqlalchemy import func, select

from shared.accounts.models import DEFAULT_TEAM_ID, AuditEntry, User
from shared.accounts.queries import get_user
from shared.accounts.services import change_user, set_password
from shared.db import Database
from tests.integration.pages.arrivals import BACK, START, Arrival, people
from tests.integration.pages.conftest import MakeSite
from tests.integration.pages.site import Site
from tests.support.oidc_provider import OidcProvider, running_provider, told
from tests.support.signing_in import make_user, sign_in
from web.pages.preferences import safe_path

Arrive = Callable[..., Arrival]
PASSWORD = "a long enough secret"


@pytest.fixture
def provider() -> Iterator[OidcProvider]:
    """A running provider."""
    with running_provider() as running:
        yield running


@pytest.fixture
def arrive(make_site: MakeSite, provider: OidcProvider) -> Arrive:
    """Make a visitor whom the provider can send, to an application with the given settings."""
    return lambda **changes: Arrival.at(make_site, provider, **changes)


def test_who_comes_first_is_added(arrive: Arrive, db: Database) -> None:
    """A new user has the name of the provider, is in no team, and is known the next time."""
    arrival = arrive()
    assert (done := arrival.go("/jobs?kind=train")).status == 303
    assert done.location == "/jobs?kind=train"
    assert arrival.is_in()
    (user,) = people(db)
    assert (user.name, user.email) == ("ada.lovelace", "ada@example.org")
    assert (user.issuer, user.subject) == (arrival.provider.issuer, "1")
    assert (user.admin, user.password_hash) == (False, None)
    assert "in no team yet" in arrival.site.get("/").text
    arrival.provider.claims |= {"preferred_username": "married", "email": "else@example.org"}
    arrival.go()
    assert [again.id for again in people(db)] == [user.id]


def test_the_audit_log_tells_of_it(arrive: Arrive, db: Database) -> None:
    """Who came in, and who was refused why."""
    arrive().go()
    arrive(oidc_domains="example.com").go()
    with db.read() as session:
        entries = session.scalars(select(AuditEntry).order_by(AuditEntry.id)).all()
    told_of = [(entry.action, entry.outcome, entry.user_name) for entry in entries]
    assert told_of == [
        ("signing.provider", "done", "ada.lovelace"),
        ("signing.provider", "refused", "nobody"),
    ]
    assert entries[1].details["code"] == "not_admitted"


def test_who_is_added_comes_into_the_team(arrive: Arrive, db: Database) -> None:
    """CHARLOOM_OIDC_TEAM and CHARLOOM_OIDC_ROLE say where to."""
    arrival = arrive(oidc_team=DEFAULT_TEAM_ID, oidc_role="viewer")
    arrival.go()
    assert arrival.site.get("/jobs").status == 200
    assert arrival.site.get("/training/new").status == 403
    with db.read() as session:
        (membership,) = get_user(session, "ada.lovelace").memberships
        assert (membership.team_id, membership.role) == (DEFAULT_TEAM_ID, "viewer")


def test_a_team_that_is_not_there_stops_the_adding(arrive: Arrive, db: Database) -> None:
    """The operator named one that is none: the log says so, and nobody is added."""
    assert arrive(oidc_team="nowhere").go().status == 500
    assert people(db) == []


@pytest.mark.parametrize(
    ("wanted", "name"),
    [
        ("Ada.Lovelace", "ada.lovelace"),
        ("Zoë Ünal", "zoe-unal"),
        ("../../x", "x"),
        ("爱达", "user"),
        ("installation", "installation-2"),
        ("n" * 300, "n" * 90),
        ("\x00<b>", "b"),
        (["a", "list"], "ada-example.org"),
    ],
)
def test_a_name_is_made_one_to_sign_in_with(
    arrive: Arrive, db: Database, wanted: Any, name: str
) -> None:
    """Whatever the provider calls somebody, the name is one that is accepted here."""
    arrival = arrive()
    arrival.provider.claims |= {"preferred_username": wanted, "email": "ada-example.org"}
    assert arrival.go().status == 303
    assert [user.name for user in people(db)] == [name]


def test_two_people_of_one_name_are_two(arrive: Arrive, db: Database) -> None:
    """The second one's name is made unique, and neither is taken for the user of that name here."""
    make_user(db, "grace")
    arrival = arrive()
    for subject in ("1", "2"):
        arrival.provider.claims |= {"sub": subject, "preferred_username": "grace"}
        assert arrival.go().status == 303
    assert [(user.name, user.subject) for user in people(db)] == [
        ("grace", None),
        ("grace-2", "1"),
        ("grace-3", "2"),
    ]


def test_nobody_is_known_by_an_email_address(arrive: Arrive, db: Database) -> None:
    """Who has somebody's address at the provider is not that user here."""
    make_user(db, "grace")
    with db.write() as session:
        get_user(session, "grace").email = "ada@example.org"
    arrive().go()
    assert [(user.name, user.subject) for user in people(db)] == [
        ("grace", None),
        ("ada.lovelace", "1"),
    ]


def test_the_claim_makes_administrators(arrive: Arrive, db: Database) -> None:
    """Of those with the group; who has left it is none any more, but for the last one."""
    arrival = arrive(oidc_admin_claim="groups", oidc_admin_value="ops")
    arrival.provider.userinfo = {"groups": ["users", "ops"]}
    arrival.go()
    assert people(db)[0].admin
    arrival.provider.userinfo = {"groups": ["users"]}
    arrival.go()
    assert people(db)[0].admin, "nobody else administers"
    make_user(db, "root", admin=True)
    arrival.go()
    assert not people(db)[0].admin


def test_a_session_begins_anew(arrive: Arrive) -> None:
    """Nothing that was in the browser's session before is in it afterwards."""
    arrival = arrive()
    with arrival.site.client.session_transaction() as session:
        session["planted"] = "by somebody else"
    before = arrival.site.token("/sign-in")
    arrival.go()
    with arrival.site.client.session_transaction() as session:
        assert not {"planted"} & set(session)
        assert not [name for name in session if name.startswith("_state_")]
    assert arrival.site.token("/account/provider") != before


def test_many_beginnings_fit_into_a_cookie(arrive: Arrive) -> None:
    """Who presses the button often gets in with the newest; a cookie holds 4096 bytes."""
    arrival = arrive()
    addresses = [arrival.begin("/jobs?" + "x" * 200) for _ in range(8)]
    cookie = arrival.site.client.get_cookie("session")
    assert cookie is not None
    assert len(cookie.value) < 3500
    assert arrival.site.get(arrival.back_from(addresses[0])).status == 400
    assert arrival.site.get(arrival.back_from(addresses[-1])).status == 303


def test_what_it_says_of_itself_is_asked_for_once(arrive: Arrive) -> None:
    """Addresses and keys are kept; each sign-in asks for its token and the user alone."""
    arrival = arrive()
    arrival.go()
    arrival.provider.asked.clear()
    arrival.go()
    assert arrival.provider.asked == ["/authorize", "/token", "/userinfo"]


def test_a_new_key_is_fetched(arrive: Arrive) -> None:
    """The provider changed its key: keys are asked for once more, and the sign-in goes on."""
    arrival = arrive()
    arrival.go()
    arrival.provider.kid = "second"
    arrival.provider.asked.clear()
    assert arrival.go().status == 303
    assert arrival.provider.asked.count("/jwks") == 1


def test_a_client_without_a_secret(arrive: Arrive) -> None:
    """A public client says its name alone: the verifier protects the code."""
    arrival = arrive(oidc_client_secret=None)
    seen: list[int] = []
    arrival.provider.instead["/token"] = lambda: seen.append(1) or told({"error": "x"}, 400)  # type: ignore[func-returns-value]
    assert arrival.go().status == 502
    assert seen == [1]


@pytest.mark.parametrize("back", ["https://elsewhere.example/", "//e.example", "/\\e.example"])
def test_it_leads_to_no_other_host(arrive: Arrive, back: str) -> None:
    """After the provider only a path of this service is gone to."""
    assert arrive().go(back).location == "/"
    assert safe_path(back) == "/"


def test_the_public_address_is_the_one_that_is_registered(arrive: Arrive) -> None:
    """Where people reach the pages under another address, the provider sends back to that one."""
    address = arrive(public_url="https://charloom.example/").begin()
    assert "redirect_uri=https%3A%2F%2Fcharloom.example%2Fsign-in%2Fprovider%2Fback" in address


def test_the_button_is_there_where_a_provider_is_set(arrive: Arrive, make_site: MakeSite) -> None:
    """With its name and where to go on; without a provider neither button nor addresses."""
    shown = arrive(oidc_name="Ex & Co").site.get("/sign-in?next=/jobs")
    assert "Sign in with Ex & Co" in shown.text
    assert f'href="{START}?next=/jobs"' in shown.html
    without = make_site()
    without.client.delete_cookie("session")
    assert START not in without.get("/sign-in").html
    assert [without.get(path).status for path in (START, BACK)] == [404, 404]


def own(site: Site, db: Database, password: str | None = PASSWORD) -> User:
    """Return a user with a password, who is signed in now."""
    user = make_user(db, "grace")
    with db.write() as session:
        if password:
            set_password(session, get_user(session, user.id), password)
        user = get_user(session, user.id)
    sign_in(site.client, user)
    return user


def tie(arrival: Arrival, **fields: str) -> Any:
    """Tie the account of who is signed in, as far as it goes."""
    page = arrival.site.submit("/account/provider", **fields)
    if page.status != 200:
        return page
    address = page.answer.headers["Refresh"].removeprefix("0; url=")
    assert address.replace("&", "&amp;") in page.html
    return arrival.site.get(arrival.back_from(address))


def test_an_account_is_tied_and_untied(arrive: Arrive, db: Database) -> None:
    """Whoever has a password types it; then the provider lets them in, until they untie it."""
    arrival = arrive(oidc_new_users="refuse")
    user = own(arrival.site, db)
    assert tie(arrival, password=PASSWORD).location == "/account/provider"
    assert "too" in arrival.site.get("/account/provider").text
    arrival.site.client.delete_cookie("session")
    assert arrival.go().status == 303
    assert people(db)[0].id == user.id
    gone = arrival.site.submit("/account/provider/remove", "/account/provider", password=PASSWORD)
    assert gone.status == 303
    assert people(db)[0].subject is None
    assert arrival.go().status == 403


@pytest.mark.parametrize("path", ["", "/remove"])
def test_tying_needs_the_password(arrive: Arrive, db: Database, path: str) -> None:
    """Whoever finds a browser open keeps no way in, and takes none away."""
    arrival = arrive()
    own(arrival.site, db)
    refused = arrival.site.submit(f"/account/provider{path}", "/account/provider", password="wrong")
    assert refused.status == 401
    assert people(db)[0].subject is None


def test_the_only_way_in_is_not_untied(arrive: Arrive, db: Database) -> None:
    """Without a password here, nobody could come back."""
    arrival = arrive()
    own(arrival.site, db, password=None)
    assert tie(arrival).status == 303
    assert arrival.site.submit("/account/provider/remove", "/account/provider").status == 401
    assert people(db)[0].subject == "1"


def test_what_is_tied_to_one_is_not_tied_to_another(arrive: Arrive, db: Database) -> None:
    """A person of the provider is one user here."""
    arrival = arrive()
    arrival.go()
    own(arrival.site, db)
    assert tie(arrival, password=PASSWORD).status == 409
    assert [user.subject for user in people(db)] == ["1", None]


def test_tying_ends_with_who_began_it(arrive: Arrive, db: Database) -> None:
    """Where somebody else is signed in by then, nothing is tied."""
    arrival = arrive()
    own(arrival.site, db)
    page = arrival.site.submit("/account/provider", password=PASSWORD)
    back = arrival.back_from(page.answer.headers["Refresh"].removeprefix("0; url="))
    sign_in(arrival.site.client, make_user(db, "mallory"))
    assert arrival.site.get(back).status == 401
    assert [user.subject for user in people(db)] == [None, None]


def test_who_is_disabled_stays_out(arrive: Arrive, db: Database) -> None:
    """The provider may send them: they are not let in, and the session that was is over."""
    arrival = arrive()
    make_user(db, "root", admin=True)
    arrival.go()
    with db.write() as session:
        change_user(session, get_user(session, "ada.lovelace"), disabled=True)
    assert not arrival.is_in()
    assert arrival.go().status == 403
    assert not arrival.is_in()


def test_signing_out_is_local(arrive: Arrive) -> None:
    """It ends the session here; the provider is not asked."""
    arrival = arrive()
    arrival.go()
    arrival.provider.asked.clear()
    arrival.site.submit("/sign-in/out", "/account/provider")
    assert not arrival.is_in()
    assert arrival.provider.asked == []


def test_without_a_provider_the_page_says_so(site: Site, db: Database) -> None:
    """Nothing is offered that is not there."""
    assert "No OpenID Connect provider" in site.get("/account/provider").text
    assert site.submit("/account/provider", "/jobs").status == 404
    with db.read() as session:
        assert session.scalar(select(func.count(User.id))) == 1


def test_two_who_come_first_at_once_are_one(arrive: Arrive, db: Database) -> None:
    """The same person in several browsers is added once."""
    arrival = arrive()
    app = arrival.site.client.application
    tabs = [Arrival(Site(app.test_client()), arrival.provider) for _ in range(4)]
    backs = [tab.back_from(tab.begin()) for tab in tabs]
    found: list[int] = []

    def come(tab: Arrival, back: str) -> None:
        found.append(tab.site.get(back).status)

    threads = [threading.Thread(target=come, args=pair) for pair in zip(tabs, backs, strict=True)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [303] * 4
    assert [user.subject for user in people(db)] == ["1"]
