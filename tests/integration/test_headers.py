"""The headers of every answer, whatever is asked for and however it ends."""

import re
from collections.abc import Callable, Iterator

import pytest
from apiflask import APIFlask
from flask.testing import FlaskClient
from werkzeug.routing import Rule
from werkzeug.wrappers import Response

from shared.db import Database
from shared.queue import FakeTickets
from shared.settings import Settings
from tests.support.apps import make_app
from tests.support.every_page import every_page
from tests.support.full import Full, fill
from tests.support.signing_in import make_user, sign_in
from web.headers import CACHED, HEADERS, HSTS, NOTHING, POLICY

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

TOKEN = {"Authorization": "Bearer test-token"}
MakeClient = Callable[..., FlaskClient]


@pytest.fixture
def make_client(settings: Settings, tickets: FakeTickets, db: Database) -> Iterator[MakeClient]:
    """Make a client of an application whose settings differ in what is given; it is signed in."""
    apps: list[APIFlask] = []
    user = make_user(db, admin=True)

    def make(**changes: object) -> FlaskClient:
        apps.append(make_app(settings.model_copy(update=changes), tickets))
        client = apps[-1].test_client()
        sign_in(client, user)
        return client

    yield make
    for app in apps:
        app.extensions["charloom"].db.close()


@pytest.fixture
def stored(db: Database) -> Full:
    """Something of everything."""
    return fill(db)


def path_of(rule: Rule) -> str:
    """Return an address of a rule, of things that are not there."""
    values = {"int": "1", "any": "cancel"}
    return re.sub(r"<(?:(\w+)[^:>]*:)?\w+>", lambda m: values.get(m[1], "x"), rule.rule)


def check(answer: Response, path: str) -> None:
    """An answer has each of the headers once, and what a browser may run is in them."""
    for name, value in HEADERS.items():
        assert answer.headers.getlist(name) == [value], (path, name)
    is_page = answer.mimetype == "text/html"
    assert answer.headers.getlist("Content-Security-Policy") == [POLICY if is_page else NOTHING]
    assert re.search("no-cache|no-store", answer.headers["Cache-Control"]), path
    assert "Strict-Transport-Security" not in answer.headers


@pytest.mark.parametrize(
    ("method", "statuses"),
    [
        *(("GET", {200, 404, 405}), ("POST", {400, 404, 405, 415}), ("DELETE", {404, 405})),
        *(("TRACE", {405}), ("OPTIONS", {200})),
    ],
)
def test_every_route(make_client: MakeClient, method: str, statuses: set[int]) -> None:
    """Every route's answer to every method carries them, found, refused or not allowed."""
    client = make_client()
    rules = list(client.application.url_map.iter_rules())
    answers = [client.open(path_of(rule), method=method, headers=TOKEN) for rule in rules]
    assert {answer.status_code for answer in answers} >= statuses
    for answer in answers:
        check(answer, answer.request.path)


def test_pages_and_downloads(make_client: MakeClient, stored: Full) -> None:
    """What is found is its reader's own: pages, texts, models and records are kept by no cache."""
    client, trained = make_client(), stored.jobs["trained"]
    paths = [path for paths in every_page(stored).values() for path in paths]
    files = [
        *(f"/jobs/{trained}/samples.txt", f"/checkpoints/{stored.checkpoint}/model.keras"),
        *(f"/api/v1/jobs/{trained}", f"/api/v1/jobs/{trained}/epochs", "/metrics"),
    ]
    for path in paths + files:
        answer = client.get(path, headers=TOKEN)
        assert answer.status_code == 200, path
        check(answer, path)
        assert answer.headers["Cache-Control"] == CACHED, path


def test_static_files(make_client: MakeClient) -> None:
    """Scripts and styles are the same for everybody, and asked for anew."""
    for path in ("/static/charloom.css", "/api/docs/swagger/swagger-ui.css"):
        with make_client().get(path) as answer:
            assert answer.status_code == 200
            check(answer, path)
            assert answer.headers["Cache-Control"] == "no-cache"


def test_what_is_refused_before_a_view(make_client: MakeClient) -> None:
    """A foreign host name, no token, a form without its token: the headers all the same."""
    client = make_client()
    answers = [
        client.get("/", headers={"Host": "elsewhere.example"}),
        client.get("/api/v1/jobs"),
        client.post("/corpora/new"),
    ]
    assert [answer.status_code for answer in answers] == [400, 401, 400]
    for answer in answers:
        check(answer, answer.request.path)


@pytest.mark.parametrize(
    ("url", "told"),
    [("https://charloom.example", True), ("http://charloom.example", False), (None, False)],
)
def test_tls_is_asked_for_where_it_is_spoken(
    make_client: MakeClient, url: str | None, told: bool
) -> None:
    """Browsers are told to come by TLS where the address that people use does."""
    headers = make_client(public_url=url).get("/healthz").headers
    assert headers.get("Strict-Transport-Security") == (HSTS if told else None)
