"""Requests a minute: counted in Redis, and here while it is away; who is refused, and how."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from apiflask import APIFlask
from redis import Redis

from shared.accounts.models import DEFAULT_TEAM_ID
from shared.accounts.rights import Right
from shared.accounts.tokens import NewToken, make_token
from shared.db import Database
from shared.errors import TooManyRequests
from shared.queue import FakeTickets
from shared.settings import Settings
from tests.integration.api.client import Api, problem
from tests.support.access import FORM_TOKEN
from tests.support.apps import make_app
from tests.support.factories import do
from tests.support.servers import OwnRedis, own_redis
from tests.support.signing_in import make_user
from tests.support.stacks import wait_for
from web import counting
from web.counting import OPTIONS, WatchedRedis
from web.limiting import NAME, count_sign_in

MOST = 5
# As the service waits for Redis: most tests here wait for longer.
AS_RUN = dict(OPTIONS)
pytestmark = pytest.mark.usefixtures("patient_counting")
# Who is not signed in is led to the form.
FORM = 303
STRANGER = {"REMOTE_ADDR": "192.0.2.7"}

MakeCounted = Callable[..., APIFlask]


@pytest.fixture(scope="module")
def redis() -> Iterator[OwnRedis]:
    """A Redis server that these tests stop and freeze."""
    with own_redis() as server:
        yield server


@pytest.fixture
def make_counted(
    settings: Settings, tickets: FakeTickets, redis: OwnRedis
) -> Iterator[MakeCounted]:
    """Make an application that answers five requests a minute, in a Redis that counted none."""
    apps: list[APIFlask] = []
    with Redis.from_url(redis.url) as connected:
        connected.flushall()

    def make(**changes: Any) -> APIFlask:
        given = {"redis_url": redis.url, "requests_per_minute": MOST} | changes
        apps.append(make_app(settings.model_copy(update=given), tickets))
        return apps[-1]

    yield make
    for app in apps:
        app.extensions["charloom"].db.close()


def ask(app: APIFlask, path: str = "/corpora", **environ: str) -> int:
    """Return the status that a caller's request is answered with."""
    with app.test_client().get(path, environ_base=STRANGER | environ) as answer:
        return answer.status_code


def storage_of(app: APIFlask) -> WatchedRedis:
    """Return where an application counts."""
    found: WatchedRedis = app.extensions[NAME].storage
    return found


@contextmanager
def took(most: float) -> Iterator[None]:
    """Fail where the block takes so long that something must have been waited for."""
    begin = time.monotonic()
    yield
    assert time.monotonic() - begin < most


def test_a_caller_is_refused_after_so_many(make_counted: MakeCounted) -> None:
    """As a problem for programs, as a page for people; another caller is not."""
    app = make_counted()
    assert [ask(app) for _ in range(MOST)] == [FORM] * MOST
    client = app.test_client()
    answer = client.get("/api/v1/jobs", environ_base=STRANGER)
    detail = problem(answer, 429, "too_many_requests")["detail"]
    assert detail.startswith("more than the 5 requests")
    seconds = int(answer.headers["Retry-After"])
    assert 1 <= seconds <= 60
    assert f"come again in {seconds} s" in detail
    page = client.get("/corpora", environ_base=STRANGER)
    assert (page.status_code, page.mimetype) == (429, "text/html")
    assert "Too Many Requests" in page.text
    assert "Retry-After" in page.headers
    assert ask(app, REMOTE_ADDR="192.0.2.8") == FORM


def test_processes_count_together(make_counted: MakeCounted) -> None:
    """As all of an installation's do."""
    one, other = make_counted(), make_counted()
    assert [ask(app) for app in (one, other, one, other, one)] == [FORM] * MOST
    assert (ask(one), ask(other)) == (429, 429)


def test_paths_that_there_are_not_count(make_counted: MakeCounted) -> None:
    """Who looks for holes is a caller, too; a made-up token makes nobody another one."""
    app = make_counted()
    assert {ask(app, f"/wp-admin/{n}") for n in range(MOST - 1)} == {404}
    assert ask(app, "/api/v1/jobs", HTTP_AUTHORIZATION="Bearer one") == 401
    assert ask(app, "/api/v1/jobs", HTTP_AUTHORIZATION="Bearer two") == 429


def test_what_is_not_counted(make_counted: MakeCounted) -> None:
    """Static files, who watches the service, and the installation's own token."""
    app = make_counted()
    for path in ("/healthz", "/readyz", "/static/icon.svg"):
        assert {ask(app, path) for _ in range(MOST + 1)} == {200}, path
    api = Api(app.test_client())
    assert {api.get("/jobs").status_code for _ in range(MOST + 1)} == {200}
    assert [ask(app) for _ in range(MOST)] == [FORM] * MOST


def test_a_users_tokens_and_addresses_count_together(
    make_counted: MakeCounted, db: Database
) -> None:
    """Whoever is known is no address: the others behind it are not held up."""
    app = make_counted()
    user, new = make_user(db), NewToken(DEFAULT_TEAM_ID, "mine", Right.READ)
    tokens = [do(db, lambda s: make_token(s, user, new))[1] for _ in range(2)]
    headers = [{"HTTP_AUTHORIZATION": f"Bearer {token}"} for token in tokens]
    told = [
        ask(app, "/api/v1/jobs", REMOTE_ADDR=f"192.0.2.{n}", **headers[n % 2])
        for n in range(MOST + 1)
    ]
    assert told == [200] * MOST + [429]
    assert ask(app) == FORM


def test_no_limit(make_counted: MakeCounted) -> None:
    """0 answers all."""
    app = make_counted(requests_per_minute=0)
    assert {ask(app) for _ in range(MOST * 3)} == {FORM}


def test_redis_dies_and_comes_back(make_counted: MakeCounted, redis: OwnRedis) -> None:
    """Meanwhile this process counts; then Redis does again."""
    app = make_counted()
    assert ask(app) == FORM
    redis.stop()
    try:
        assert [ask(app) for _ in range(MOST + 1)] == [FORM] * MOST + [429]
    finally:
        redis.start()
    wait_for(lambda: ask(app) == FORM, 10)
    other = make_counted()
    assert [ask(other) for _ in range(MOST)][-1] == 429, "Redis counted the one before"


def test_a_frozen_redis_is_not_waited_for(
    make_counted: MakeCounted, redis: OwnRedis, monkeypatch: pytest.MonkeyPatch
) -> None:
    """But by the first request, for a moment."""
    monkeypatch.setattr(counting, "OPTIONS", AS_RUN)
    app = make_counted(requests_per_minute=200)
    assert ask(app) == FORM
    redis.freeze()
    try:
        with took(2):
            assert ask(app) == FORM
        assert storage_of(app)._away
        # Each would have waited 50 ms at least.
        with took(5):
            assert {ask(app, "/api/v1/jobs") for _ in range(150)} == {401}
    finally:
        redis.thaw()
    wait_for(lambda: ask(app) == FORM and not storage_of(app)._away, 10)


def test_redis_is_away_at_the_start(make_counted: MakeCounted) -> None:
    """Nothing is refused that would not be otherwise."""
    app = make_counted(redis_url="redis://127.0.0.1:1/0")
    assert [ask(app) for _ in range(MOST + 1)] == [FORM] * MOST + [429]


def test_attempts_to_sign_in(make_counted: MakeCounted) -> None:
    """Ten a minute by account and address; of one address fifty, whatever the accounts."""
    app = make_counted(requests_per_minute=0)

    waits: list[int] = []

    def attempt(account: str, address: str = "192.0.2.7") -> bool:
        with app.test_request_context("/", environ_base={"REMOTE_ADDR": address}):
            try:
                count_sign_in(account)
            except TooManyRequests as error:
                waits.append(error.retry_seconds)
                return False
            return True

    assert [attempt("ada") for _ in range(11)] == [True] * 10 + [False]
    assert not attempt(" ADA ")
    assert attempt("ada", "192.0.2.9")
    # Of the first ten, and of the three that were refused before they were counted for the address.
    assert sum(attempt(f"user {n}") for n in range(60)) == 40
    assert all(1 <= wait <= 60 for wait in waits)


def test_the_form_refuses_attempts(make_counted: MakeCounted) -> None:
    """It stays, and says when to come again; a right password does not help then."""
    app = make_counted(requests_per_minute=0)
    client = app.test_client()
    token = FORM_TOKEN.search(client.get("/sign-in").text)
    assert token
    form = {"csrf_token": token[1], "name": "ada", "password": "wrong"}
    statuses = [client.post("/sign-in", data=form).status_code for _ in range(11)]
    assert 429 not in statuses[:10]
    refused = client.post("/sign-in", data=form)
    assert (statuses[10], refused.status_code) == (429, 429)
    assert "ore than 10 attempts to sign in within a minute" in refused.text
    assert "come again in" in refused.text
    assert "Retry-After" in refused.headers
