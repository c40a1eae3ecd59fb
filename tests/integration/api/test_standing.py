"""Event streams that are open when who listens may no longer: on the real web server."""

import threading
import time
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest
from sqlalchemy.orm import Session

from shared.accounts.models import DEFAULT_TEAM_ID
from shared.accounts.queries import get_token, get_user
from shared.accounts.rights import Right
from shared.accounts.services import change_user, make_link, sign_out_everywhere
from shared.accounts.teams import remove_member
from shared.accounts.tokens import NewToken, make_token, revoke_token
from shared.db import Database
from tests.integration.pages.site import TOKEN as FORM_TOKEN
from tests.support.factories import do, make_training_job
from tests.support.signing_in import make_user
from tests.support.web_server import TOKEN, running_web
from web.listeners import HEARTBEAT_SECONDS

LATE = 10
# Streams wait for seconds; what ends them is asked of both databases in the tests of accounts.
pytestmark = [
    pytest.mark.timeout(180),
    pytest.mark.parametrize("database_url", ["sqlite"], indirect=True),
]


class Listener:
    """Reads a stream in a thread until it ends."""

    def __init__(self, url: str, client: httpx.Client):
        self.ended: float | None = None
        self._begun = threading.Event()
        self._thread = threading.Thread(target=self._read, args=(url, client), daemon=True)
        self._thread.start()
        assert self._begun.wait(20)

    def _read(self, url: str, client: httpx.Client) -> None:
        headers = {"Accept": "text/event-stream"}
        with client.stream("GET", url, headers=headers, timeout=60) as answer:
            assert answer.status_code == 200
            try:
                for _ in answer.iter_raw():
                    self._begun.set()
            except httpx.TransportError:
                return
        self.ended = time.monotonic()


def token_of(db: Database, name: str) -> tuple[str, httpx.Client]:
    """Return the id of a token of a new user, and a client that brings it."""
    user = make_user(db, name)
    new = NewToken(DEFAULT_TEAM_ID, "test", Right.READ)
    token, secret = do(db, lambda s: make_token(s, get_user(s, user.id), new))
    return token.id, httpx.Client(headers={"Authorization": f"Bearer {secret}"})


def browser_of(db: Database, url: str, name: str) -> httpx.Client:
    """Return a client that has signed in by a link."""
    user = make_user(db, name)
    secret = do(db, lambda s: make_link(s, get_user(s, user.id)))
    client = httpx.Client()
    form = client.get(f"{url}/sign-in/link", params={"secret": secret}).text
    found = FORM_TOKEN.search(form)
    assert found is not None
    sent = {"csrf_token": found[1], "secret": secret, "password": "correct horse battery"}
    assert client.post(f"{url}/sign-in/link", data=sent).status_code == 303
    return client


def test_streams_end_with_what_opened_them(db: Database, database_url: str, tmp_path: Path) -> None:
    """Revoked, disabled, taken out, signed out: each within a heartbeat; the others go on."""
    job = make_training_job(db)
    with running_web(database_url, tmp_path / "web.log") as url:
        stream = f"{url}/api/v1/jobs/{job.id}/events"
        token_id, revoked = token_of(db, "ada")
        _, disabled = token_of(db, "bob")
        _, removed = token_of(db, "eve")
        _, staying = token_of(db, "mia")
        browser = browser_of(db, url, "zoe")
        own = httpx.Client(headers={"Authorization": f"Bearer {TOKEN}"})
        going = [Listener(stream, one) for one in (revoked, disabled, removed)]
        going.append(Listener(f"{url}/jobs/{job.id}/stream", browser))
        stay = [Listener(stream, one) for one in (staying, own)]
        deeds: list[Callable[[Session], object]] = [
            lambda s: revoke_token(s, get_token(s, None, token_id)),
            lambda s: change_user(s, get_user(s, "bob"), disabled=True),
            lambda s: remove_member(s, DEFAULT_TEAM_ID, get_user(s, "eve").id),
            lambda s: sign_out_everywhere(s, get_user(s, "zoe")),
        ]
        for deed in deeds:
            do(db, deed)
        deadline = time.monotonic() + HEARTBEAT_SECONDS + LATE
        while time.monotonic() < deadline and any(one.ended is None for one in going):
            time.sleep(0.2)
        assert [one.ended is not None for one in going] == [True] * 4
        assert [one.ended for one in stay] == [None, None]
        assert revoked.get(stream).status_code == 401
        assert browser.get(f"{url}/jobs/{job.id}").status_code == 401
        for client in (revoked, disabled, removed, staying, browser, own):
            client.close()
