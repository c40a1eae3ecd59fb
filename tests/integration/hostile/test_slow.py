"""Clients that hold on: the others are served all the while."""

import shutil
import socket
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path

import httpx
import pytest

from tests.support.hostile import Hostile, Target, tried, unharmed
from tests.support.wire import AUTH

# No database has a say in it.
pytestmark = pytest.mark.parametrize("filled_url", ["sqlite"], indirect=True, scope="module")

HOST = b"Host: localhost\r\n"
HEAD = b"GET /healthz HTTP/1.1\r\n" + HOST
BODY = b"POST /api/v1/corpora HTTP/1.1\r\n" + HOST + AUTH + b"Content-Length: 90000\r\n"
JSON = b"Content-Type: application/json\r\n\r\n{"
CROWD = 40


def dripping(connection: socket.socket) -> None:
    """Send a byte now and then, until the other side hangs up."""
    connection.settimeout(0.5)
    while True:
        try:
            if not connection.recv(65536):
                return
        except TimeoutError:
            connection.sendall(b"a")


def silent(connection: socket.socket) -> None:
    """Wait until the other side hangs up."""
    connection.settimeout(60)
    while connection.recv(65536):
        pass


def slow(connection: socket.socket) -> None:
    """Send a body in its own time; it must be read to its end."""
    for _ in range(25):
        connection.sendall(b"a" * 3000)
        time.sleep(1)
    connection.sendall(b"a" * 15_000)
    assert b" 400 " in connection.recv(65536), "read to its end, and no JSON"


HOLDS: dict[str, tuple[str, bytes, Callable[[socket.socket], None], str]] = {
    "half a head": ("a first line, and no more", HEAD, silent, "hung up on after 10 s"),
    "a head in drops": ("a byte every half second", HEAD, dripping, "hung up on after 10 s"),
    "half a body": ("a byte of 90,000", BODY + JSON, silent, "hung up on after 20 s"),
    "a body in drops": ("a byte every half second", BODY + JSON, dripping,
                        "hung up on after 20 s: less than 1,000 bytes a second"),
    "a slow body": ("3,000 bytes a second", BODY + JSON[:-1], slow, "taken"),
    "no request": ("a connection alone", b"", silent, "hung up on after 7 s"),
}  # fmt: skip


@pytest.fixture(scope="module")
def filled_url(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> str:
    """Which database it is plays no part here."""
    return f"sqlite:///{shutil.copy(sqlite_template, tmp_path_factory.mktemp('slow') / 'a.db')}"


@pytest.fixture(scope="module")
def held(target: Target) -> Iterator[dict[str, Future[None]]]:
    """All of them at once: each takes its time."""

    def hold(begin: bytes, on: Callable[[socket.socket], None]) -> None:
        with socket.create_connection(("127.0.0.1", target.port), 60) as connection:
            connection.sendall(begin)
            on(connection)

    with ThreadPoolExecutor(len(HOLDS)) as pool:
        yield {name: pool.submit(hold, *how[1:3]) for name, how in HOLDS.items()}


@tried(
    "Slow clients",
    *(
        Hostile(name, tries, None, None, None, instead)
        for name, (tries, _, _, instead) in HOLDS.items()
    ),
)
def test_a_thread_is_nobodys_for_ever(
    case: Hostile, target: Target, held: dict[str, Future[None]]
) -> None:
    """Who does not go on is hung up on; who does may take as long as it needs."""
    with unharmed(target):
        held[case.name].result(60)


@contextmanager
def crowd(port: int, data: bytes) -> Iterator[None]:
    """Keep many connections open that have sent this."""
    with ExitStack() as stack:
        for _ in range(CROWD):
            connection = stack.enter_context(socket.create_connection(("127.0.0.1", port), 10))
            connection.sendall(data)
        yield


@tried(
    "Slow clients",
    Hostile("who does not go", "connections that are kept open after `Connection: close`", None,
            None, HEAD + b"Connection: close\r\n\r\n", "the others are served"),
    Hostile("many that do not go on", "many half heads at once", None, None, HEAD,
            "the others are served"),
)  # fmt: skip
def test_others_are_served_meanwhile(case: Hostile, target: Target) -> None:
    """Each closing takes two seconds of a client that does not: not one after the other."""
    url = f"http://127.0.0.1:{target.port}/healthz"
    with unharmed(target), crowd(target.port, case.attack):
        assert [httpx.get(url, timeout=15).status_code for _ in range(5)] == [200] * 5
