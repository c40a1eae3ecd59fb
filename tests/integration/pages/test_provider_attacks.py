"""A provider that lies, is gone or is slow, and people who make up what it would send.

Each is refused on a page that says so: nobody is signed in, and nobody is added.
"""

import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any, Literal

import pytest

from shared.db import Database
from tests.integration.pages.arrivals import BACK, Arrival, people
from tests.integration.pages.conftest import MakeSite
from tests.integration.pages.site import Page
from tests.support.oidc_provider import (
    CLIENT,
    SECRET,
    Answer,
    Forge,
    OidcProvider,
    key_named,
    part,
    running_provider,
    signed_by_secret,
    told,
    unsigned,
)
from tests.support.web import drips, hangs, sends, serving
from web import guarded

# What is refused is refused before the database is asked.
pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@dataclass(frozen=True)
class Case:
    """What is tried, and the status of the answer."""

    name: str
    status: int
    attack: Any


def cases(*tried: Case) -> pytest.MarkDecorator:
    """Run a test with each case as ``case``."""
    return pytest.mark.parametrize("case", tried, ids=[case.name for case in tried])


@pytest.fixture
def provider() -> Iterator[OidcProvider]:
    """A running provider."""
    with running_provider() as running:
        yield running


@pytest.fixture
def arrival(make_site: MakeSite, provider: OidcProvider) -> Arrival:
    """A browser before the provider."""
    return Arrival.at(make_site, provider)


def refused(arrival: Arrival, db: Database, page: Page, status: int) -> None:
    """Check that a page refuses, and that nothing came of it."""
    assert page.status == status, page.text
    assert 'role="alert"' in page.html
    assert "Traceback" not in page.html
    assert people(db) == []
    assert not arrival.is_in()


def claiming(**claims: Any) -> Forge:
    """Return what signs other claims; one that is None is left out."""

    def forge(own: dict[str, Any], header: dict[str, Any]) -> str:
        other = {name: value for name, value in (own | claims).items() if value is not None}
        return OidcProvider().sign(other, header)

    return forge


def by_own_key(claims: dict[str, Any], header: dict[str, Any]) -> str:
    """Return a token signed by a key that it brings along."""
    brought = key_named("attacker")
    signed = OidcProvider().sign(claims, header | {"kid": "attacker"}).split(".")
    whole = part(header | {"jwk": brought.as_dict(private=False)})
    return ".".join([whole, *signed[1:]])


def by_another_key(claims: dict[str, Any], header: dict[str, Any]) -> str:
    """Return a token signed by another key than it names."""
    _, said, signature = OidcProvider().sign(claims, header | {"kid": "attacker"}).split(".")
    return f"{part(header)}.{said}.{signature}"


def changed(claims: dict[str, Any], header: dict[str, Any]) -> str:
    """Return a token whose claims were changed after it was signed."""
    head, _, signature = OidcProvider().sign(claims, header).split(".")
    return f"{head}.{part(claims | {'sub': 'somebody-else'})}.{signature}"


def by_public_key(encoding: Literal["PEM", "DER"]) -> Forge:
    """Return what signs with HS256 and the text of the public key as the secret."""
    return signed_by_secret(key_named("first").as_bytes(encoding, private=False))


@cases(
    Case("nonce of another sign-in", 502, claiming(nonce="another")),
    Case("no nonce", 502, claiming(nonce=None)),
    Case("for another client", 502, claiming(aud="another")),
    Case("for another client, of this party", 502, claiming(aud="another", azp=CLIENT)),
    Case("of another party", 502, claiming(azp="another")),
    Case("for two clients, of no party", 502, claiming(aud=[CLIENT, "another"])),
    Case("for nobody", 502, claiming(aud=None)),
    Case("of another issuer", 502, claiming(iss="http://127.0.0.1:1")),
    Case("of an issuer with one more slash", 502, lambda c, h: claiming(iss=c["iss"] + "/")(c, h)),
    Case("of no issuer", 502, claiming(iss=None)),
    Case("expired", 502, claiming(exp=1_000_000_000)),
    Case("never expires", 502, claiming(exp=None)),
    Case("expires at a text", 502, claiming(exp="tomorrow")),
    Case("issued in the future", 502, claiming(iat=9_000_000_000, exp=9_000_000_300)),
    Case("about nobody", 502, claiming(sub=None)),
    Case("about an empty text", 502, claiming(sub="")),
    Case("about a number", 502, claiming(sub=1)),
    Case("about somebody else than asked", 502, claiming(sub="2")),
    Case("about a long text", 502, claiming(sub="1" * 256)),
    Case("with another access token", 502, claiming(at_hash="AAAAAAAAAAAAAAAAAAAAAA")),
    Case("alg none", 502, unsigned),
    Case("HS256 by the public key, PEM", 502, by_public_key("PEM")),
    Case("HS256 by the public key, DER", 502, by_public_key("DER")),
    Case("HS256 by charloom's secret", 502, signed_by_secret(SECRET.encode())),
    Case("key that nobody knows", 502, lambda c, h: OidcProvider().sign(c, h | {"kid": "other"})),
    Case("key that it brings along", 502, by_own_key),
    Case("key that it does not name", 502, by_another_key),
    Case("changed after signing", 502, changed),
    Case("no token", 502, lambda _claims, _header: ""),
    Case("no token's form", 502, lambda _claims, _header: "x.y"),
    Case("parts of five", 502, lambda _claims, _header: "a.b.c.d.e"),
)
def test_a_token_that_is_not_accepted(arrival: Arrival, db: Database, case: Case) -> None:
    """A forged ID token, or one for another purpose, signs nobody in."""
    arrival.provider.forge = case.attack
    refused(arrival, db, arrival.go(), case.status)
    arrival.provider.forge = None
    assert arrival.go().status == 303, "the same provider, honest again"


def test_a_key_that_nobody_knows_is_asked_for_once(arrival: Arrival) -> None:
    """It does not make the service ask and ask."""
    arrival.provider.forge = lambda c, h: arrival.provider.sign(c, h | {"kid": "other"})
    arrival.go()
    assert arrival.provider.asked.count("/jwks") == 2


def with_a_used_code(arrival: Arrival) -> Page:
    """Come back with a code for which the provider has given its token out already."""
    back = arrival.back_from(arrival.begin())
    arrival.provider.codes.clear()
    return arrival.site.get(back)


def in_another_browser(arrival: Arrival) -> Page:
    """Come back with what another browser began."""
    back = arrival.back_from(arrival.begin())
    arrival.site.client.delete_cookie("session")
    return arrival.site.get(back)


def code_of_another(arrival: Arrival) -> Page:
    """Come back with the code of another sign-in, which has its own verifier and nonce."""
    theirs = arrival.back_from(arrival.begin()).partition("code=")[2].partition("&")[0]
    ours = arrival.back_from(arrival.begin())
    own = ours.partition("code=")[2].partition("&")[0]
    return arrival.site.get(ours.replace(own, theirs))


def with_query(**query: str) -> Callable[[Arrival], Page]:
    """Return what comes back with another query after a sign-in was begun."""

    def come(arrival: Arrival) -> Page:
        arrival.begin()
        return arrival.site.get(BACK, query_string=query)

    return come


def as_another_issuer(arrival: Arrival) -> Page:
    """Come back from another provider than the one that was gone to."""
    back = arrival.back_from(arrival.begin())
    return arrival.site.get(back.partition("&iss=")[0] + "&iss=https%3A%2F%2Fevil.example")


@cases(
    Case("state that was made up", 400, with_query(code="x", state="made-up")),
    Case("no state", 400, with_query(code="x")),
    Case("nothing", 400, with_query()),
    Case("state of a long text", 400, with_query(code="x", state="y" * 5000)),
    Case("state of a control character", 400, with_query(code="\x00", state="\x00")),
    Case("state of another browser", 400, in_another_browser),
    Case("code that was used", 400, with_a_used_code),
    Case("code of another sign-in", 400, code_of_another),
    Case("another issuer's answer", 400, as_another_issuer),
    Case("declined", 400, with_query(error="access_denied", state="x")),
    Case("error that was made up", 502, with_query(error="<script>", error_description="<b>")),
)
def test_a_way_back_that_is_not_accepted(arrival: Arrival, db: Database, case: Case) -> None:
    """Only what was begun in this browser ends in it, once; no word of the address is repeated."""
    page = case.attack(arrival)
    refused(arrival, db, page, case.status)
    assert "script&gt;" not in page.html
    assert "<script>" not in page.html


def test_a_way_back_works_once(arrival: Arrival) -> None:
    """The address does nothing when it is opened again, nor where the cookie was copied before."""
    back = arrival.back_from(arrival.begin())
    copied = arrival.site.client.get_cookie("session")
    assert copied is not None
    assert arrival.site.get(back).status == 303
    arrival.provider.asked.clear()
    assert arrival.site.get(back).status == 400
    assert arrival.provider.asked == []
    arrival.site.client.set_cookie("session", copied.value)
    assert arrival.site.get(back).status == 400
    assert arrival.provider.asked == ["/token"]
    assert not arrival.is_in()


def answering(path: str, answer: Answer) -> Callable[[OidcProvider], None]:
    """Return what lets a provider answer something else."""
    return lambda provider: provider.instead.update({path: lambda: answer})


def saying(**metadata: Any) -> Callable[[OidcProvider], None]:
    """Return what lets a provider say something else of itself."""
    return lambda provider: provider.metadata.update(metadata)


DISCOVERY = "/.well-known/openid-configuration"
ELSEWHERE = (302, {"Location": "http://127.0.0.1:1/"}, b"")
PAGE = (200, {"Content-Type": "text/html"}, b"<!doctype html><p>Welcome")
HUGE = (200, {"Content-Type": "application/json"}, b'"' + b"x" * 2**21 + b'"')


@cases(
    Case("of another issuer", 502, saying(issuer="https://evil.example")),
    Case("token address without TLS", 502, saying(token_endpoint="http://evil.example/token")),
    Case("keys of a file", 502, saying(jwks_uri="file:///etc/passwd")),
    Case("authorization by script", 502, saying(authorization_endpoint="javascript:alert(1)")),
    Case("no token address", 502, saying(token_endpoint=None)),
    Case("numbers for addresses", 502, saying(jwks_uri=[1])),
    Case("only alg none", 502, saying(id_token_signing_alg_values_supported=["none"])),
    Case("only HS256", 502, saying(id_token_signing_alg_values_supported=["HS256"])),
    Case("metadata: a page", 502, answering(DISCOVERY, PAGE)),
    Case("metadata: a list", 502, answering(DISCOVERY, told([1]))),
    Case("metadata: an error", 502, answering(DISCOVERY, told({}, 500))),
    Case("metadata: elsewhere", 502, answering(DISCOVERY, ELSEWHERE)),
    Case("metadata: huge", 502, answering(DISCOVERY, HUGE)),
    Case("keys: none", 502, answering("/jwks", told({"keys": []}))),
    Case("keys: not a list", 502, answering("/jwks", told({"keys": 5}))),
    Case("keys: a number", 502, answering("/jwks", told(7))),
    Case("keys: elsewhere", 502, answering("/jwks", ELSEWHERE)),
    Case("keys: an error", 502, answering("/jwks", told({}, 503))),
    Case("token: refused", 400, answering("/token", told({"error": "invalid_grant"}, 400))),
    Case("token: unknown client", 502, answering("/token", told({"error": "invalid_client"}, 401))),
    Case("token: an error of no text", 502, answering("/token", told({"error": {"a": 1}}, 400))),
    Case("token: an error", 502, answering("/token", told({}, 500))),
    Case("token: a page", 502, answering("/token", PAGE)),
    Case("token: a list", 502, answering("/token", told([1]))),
    Case("token: elsewhere", 502, answering("/token", ELSEWHERE)),
    Case("token: huge", 502, answering("/token", HUGE)),
    Case("token: a number", 502, answering("/token", told({"id_token": 5, "access_token": 6}))),
    Case("user: somebody else", 502, answering("/userinfo", told({"sub": "2"}))),
    Case("user: a list", 502, answering("/userinfo", told([1]))),
    Case("user: an error", 502, answering("/userinfo", told({}, 500))),
    Case("user: elsewhere", 502, answering("/userinfo", ELSEWHERE)),
)
def test_a_provider_that_does_not_answer_as_it_should(
    arrival: Arrival, db: Database, case: Case
) -> None:
    """Whatever it sends, people get a page that says so, and may try again."""
    case.attack(arrival.provider)
    begun = arrival.site.get("/sign-in/provider")
    page = begun
    if begun.status == 303:
        page = arrival.site.get(arrival.back_from(begun.location))
    refused(arrival, db, page, case.status)
    arrival.provider.metadata.clear()
    arrival.provider.instead.clear()


Serves = Callable[[threading.Event], AbstractContextManager[str]]


@cases(
    Case("gone", 502, lambda _until: nullcontext("http://127.0.0.1:1")),
    Case("says nothing", 502, lambda until: serving(hangs(until))),
    Case("sends a byte now and then", 502, lambda until: serving(drips(until))),
    Case("sends a text", 502, lambda _until: serving(sends(b"\xff\xfe{"))),
)
def test_a_provider_that_is_gone_or_slow(
    make_site: MakeSite,
    provider: OidcProvider,
    db: Database,
    monkeypatch: pytest.MonkeyPatch,
    case: Case,
) -> None:
    """Nobody waits for it for long: the page says that it does not answer."""
    monkeypatch.setattr(guarded, "SECONDS", 0.5)
    over = threading.Event()
    try:
        with case.attack(over) as address:
            arrival = Arrival.at(make_site, provider, oidc_issuer=address)
            refused(arrival, db, arrival.site.get("/sign-in/provider"), case.status)
            over.set()
    finally:
        over.set()


@cases(
    Case("nobody is added", 403, {"oidc_new_users": "refuse"}),
    Case("another domain", 403, {"oidc_domains": "example.com"}),
    Case("a domain that ends alike", 403, {"oidc_domains": "ample.org,le.org"}),
)
def test_people_who_are_not_let_in(
    make_site: MakeSite, provider: OidcProvider, db: Database, case: Case
) -> None:
    """The provider knows them; this service does not want them."""
    arrival = Arrival.at(make_site, provider, **case.attack)
    refused(arrival, db, arrival.go(), case.status)


@cases(
    Case("not verified", 403, {"email_verified": False}),
    Case("verified, as a word", 403, {"email_verified": "yes"}),
    Case("does not say", 403, {"email_verified": None}),
    Case("none", 403, {"email": None}),
    Case("no text", 403, {"email": ["ada@example.org"]}),
    Case("two of them", 403, {"email": "ada@example.org@evil.example"}),
)
def test_addresses_that_prove_nothing(
    make_site: MakeSite, provider: OidcProvider, db: Database, case: Case
) -> None:
    """An e-mail address counts where the provider has verified it, and by what is behind the @."""
    arrival = Arrival.at(make_site, provider, oidc_domains="example.org")
    provider.claims |= case.attack
    refused(arrival, db, arrival.go(), case.status)
    provider.claims |= {"email": "Ada@Example.org", "email_verified": "true"}
    assert arrival.go().status == 303
