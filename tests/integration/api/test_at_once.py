"""Requests that are answered at the same time: whose they are, and when they count no longer."""

from contextlib import ExitStack
from typing import Any

import pytest
from flask.testing import FlaskClient

from shared.accounts.models import DEFAULT_TEAM_ID
from shared.accounts.rights import Right
from shared.accounts.tokens import NewToken, make_token
from shared.db import Database
from tests.integration.api.client import PREFIX, Api, problem
from tests.integration.api.streams import STREAM
from tests.support.factories import do, make_corpus, make_training_job
from tests.support.signing_in import make_user
from web import at_once

MOST = 2

# Each process counts for itself; no database has a say in it.
pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@pytest.fixture
def ask(api: Api, db: Database, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Ask as a user of whom two requests are answered at the same time."""
    monkeypatch.setattr(at_once, "MOST_OF_A_USER", MOST)
    monkeypatch.setattr(at_once, "MOST_OF_AN_ADDRESS", MOST)
    new = NewToken(DEFAULT_TEAM_ID, "mine", Right.READ)
    user = make_user(db)
    token = do(db, lambda s: make_token(s, user, new))[1]

    def get(path: str, **headers: str) -> Any:
        sent = {"Authorization": f"Bearer {token}"} | headers
        return api.client.get(f"{PREFIX}{path}", headers=sent, buffered=False)

    return get


def test_an_answer_counts_until_it_is_taken(ask: Any, db: Database, api: Api) -> None:
    """Then others are answered again; others' are all the while."""
    path = f"/corpora/{make_corpus(db).id}/text"
    with ExitStack() as stack:
        for _ in range(MOST):
            assert stack.enter_context(ask(path)).status_code == 200
        refused = ask(path)
        told = problem(refused, 429, "too_many_requests")
        assert refused.headers["Retry-After"] == "1"
        assert "more than 2 requests of one caller" in told["detail"]
        assert api.get(path).status_code == 200, "the installation's own token"
        assert api.client.get("/sign-in").status_code == 200, "who is not signed in"
    for _ in range(MOST + 1):
        with ask(path) as answer:
            assert answer.status_code == 200


def test_refusals_and_failures_count_no_longer(ask: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever becomes of a request, it ends."""
    for path, status in (("/jobs/none", 404), ("/jobs?limit=-1", 422), ("/nothing", 404)):
        for _ in range(MOST + 1):
            with ask(path) as answer:
                assert answer.status_code == status
    monkeypatch.setattr("web.api.jobs.list_jobs", None)
    for _ in range(MOST + 1):
        with ask("/jobs") as answer:
            assert answer.status_code == 500


def test_listeners_have_a_limit_of_their_own(ask: Any, db: Database) -> None:
    """They stay for as long as a job runs."""
    path = f"/jobs/{make_training_job(db).id}/events"
    with ExitStack() as stack:
        for _ in range(MOST + 1):
            assert stack.enter_context(ask(path, **STREAM)).status_code == 200
        with ask("/jobs") as answer:
            assert answer.status_code == 200


def test_who_is_not_signed_in(ask: Any, api: Api) -> None:
    """Counts by address, and is told on a page; who watches the service is always answered."""
    client: FlaskClient = api.client
    with ExitStack() as stack:
        for _ in range(MOST):
            stack.enter_context(client.get("/static/charloom.css", buffered=False))
        refused = client.get("/sign-in")
        assert (refused.status_code, refused.mimetype) == (429, "text/html")
        assert "ore than 2 requests of one caller at the same time" in refused.text
        assert client.get("/healthz").status_code == 200
    assert client.get("/sign-in").status_code == 200
