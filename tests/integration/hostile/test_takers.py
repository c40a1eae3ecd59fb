"""Clients that take nothing of their answers: they hold threads for a while, and not all."""

import select
import shutil
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import httpx
import pytest

from shared.accounts.models import DEFAULT_TEAM_ID
from shared.accounts.rights import Right
from shared.accounts.tokens import NewToken, make_token
from shared.db import Database
from shared.queue import NullTickets
from tests.support.factories import do, make_corpus
from tests.support.full import fill
from tests.support.hostile import Hostile, Target, tried, unharmed
from tests.support.hurried import TAKING_SECONDS
from tests.support.signing_in import make_user
from tests.support.stacks import wait_for
from tests.support.web_server import SECRET_KEY, TOKEN, running_web
from web.at_once import MOST_OF_A_USER

WEB_PROCESSES = 2
# More than a system keeps for a client on its own machine.
TEXT = "It was the best of times. " * 300_000
AREA = "Slow clients"


@pytest.fixture(scope="module")
def target(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Target]:
    """A service that waits two seconds for who takes nothing, not a minute."""
    folder = tmp_path_factory.mktemp("takers")
    url = f"sqlite:///{shutil.copy(sqlite_template, folder / 'charloom.db')}"
    db, log = Database(url, NullTickets()), folder / "web.log"
    full = fill(db)
    with (
        running_web(url, log, config="python:tests.support.hurried") as address,
        httpx.Client(base_url=address, headers=_bearer(TOKEN), timeout=30) as client,
    ):
        port = int(address.rpartition(":")[2])
        yield Target(
            db, full, client, lambda: log.read_text("utf-8", "replace"), (TOKEN, SECRET_KEY), port
        )
    db.close()


@pytest.fixture(scope="module")
def path(target: Target) -> str:
    """The address of a text of eight megabytes."""
    return f"/api/v1/corpora/{make_corpus(target.db, TEXT, name='long').id}/text"


def token_of(db: Database, name: str) -> str:
    """Return a token of a new user."""
    user = make_user(db, name)
    wanted = NewToken(DEFAULT_TEAM_ID, "reader", Right.READ)
    return do(db, lambda s: make_token(s, user, wanted))[1]


def _bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


@contextmanager
def taking_nothing(port: int, path: str, token: str, count: int) -> Iterator[list[socket.socket]]:
    """Ask for it on so many connections."""
    head = f"GET {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {token}\r\n\r\n"
    with ExitStack() as stack:
        asking = []
        for _ in range(count):
            connection = stack.enter_context(socket.socket())
            connection.settimeout(30)
            # So that little is on its way.
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
            connection.connect(("127.0.0.1", port))
            connection.sendall(head.encode())
            asking.append(connection)
        yield asking


def drain(connection: socket.socket) -> None:
    """Take all that comes."""
    while connection.recv(1_000_000):
        pass


def is_reset(connection: socket.socket) -> bool:
    """Tell whether the other side has thrown the connection away, taking nothing of it."""
    looking = select.poll()
    looking.register(connection, 0)
    # What is told unasked: an error, or that both ways are closed.
    return bool(looking.poll(0))


def statuses(connections: list[socket.socket]) -> list[int]:
    """Return how they are answered; of the rest nothing is taken."""
    return [int(one.recv(12).split()[1]) for one in connections]


@tried(AREA, Hostile("an answer that nobody takes", "8 MB, of which nothing is read", None, None,
                     None, "hung up on after some 3 minutes"))  # fmt: skip
def test_an_answer_that_nobody_takes(case: Hostile, target: Target, path: str) -> None:
    """What was not sent by then is thrown away; who takes it slowly gets all of it."""
    token, got, began = token_of(target.db, "sleeper"), 0, time.monotonic()
    with unharmed(target), taking_nothing(target.port, path, token, 1) as (sleeps,):
        assert statuses([sleeps]) == [200]
        with target.client.stream("GET", path, headers={"Accept-Encoding": "identity"}) as slow:
            for piece in slow.iter_raw(len(TEXT) // 40):
                got += len(piece)
                time.sleep(TAKING_SECONDS / 10)
        assert got == len(TEXT)
        assert time.monotonic() - began > 3 * TAKING_SECONDS
        # Each piece that it waits for in vain has two seconds, and so has the end of a connection.
        wait_for(lambda: is_reset(sleeps), 20 * TAKING_SECONDS)
        with pytest.raises(ConnectionResetError):
            drain(sleeps)


@tried(AREA, Hostile("many answers that nobody takes", "a user's texts, of which nothing is read",
                     429, "too_many_requests", None,
                     "from the 33rd of a web process on"))  # fmt: skip
def test_many_answers_that_nobody_takes(case: Hostile, target: Target, path: str) -> None:
    """Who takes no answers has no more of them, until he is hung up on; others are served."""
    tokens = [token_of(target.db, name) for name in ("hoarder", "other")]
    most = MOST_OF_A_USER * WEB_PROCESSES
    with unharmed(target), taking_nothing(target.port, path, tokens[0], most + 8) as asking:
        told = statuses(asking)
        assert MOST_OF_A_USER <= told.count(200) <= most, told
        assert told.count(429) == len(told) - told.count(200)
        refused = asking[told.index(429)].recv(4096)
        assert b"Retry-After: 1\r\n" in refused
        assert b"more than 32 requests of one caller at the same time" in refused
        other = target.client.get("/api/v1/jobs", headers=_bearer(tokens[1]))
        assert other.status_code == 200
    assert target.client.get(path, headers=_bearer(tokens[0])).status_code == 200
