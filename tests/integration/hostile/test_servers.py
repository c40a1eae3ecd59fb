"""Servers that mean harm, and names that lead elsewhere: what texts are fetched from."""

import gzip
import io
import logging
import shutil
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest

from shared.db import Database
from shared.queue import FakeTickets
from shared.settings import load_settings
from tests.conftest import NO_BROKER
from tests.support.apps import make_app
from tests.support.full import Full, fill
from tests.support.hostile import Hostile, Target, refused_answer, tried, unharmed
from tests.support.web import Answer, drips, hangs, sends, serving

TOKEN, KEY, MOST = "inner-token", "inner-secret-key", 100_000
PUBLIC, GONE = "93.184.216.34", (422, "source_unavailable")
NO = (422, "address_refused")


@pytest.fixture(scope="module")
def filled(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Full]:
    """A SQLite file with something of everything, to copy."""
    path = Path(shutil.copy(sqlite_template, tmp_path_factory.mktemp("filled") / "charloom.db"))
    # Closed before it is copied: then nothing is left in a log beside it.
    with closing(Database(f"sqlite:///{path}", FakeTickets())) as db:
        return path, fill(db)


@pytest.fixture
def inside(
    filled: tuple[Path, Full], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Target]:
    """The application in this process, whose names and connections a test decides on."""
    url = f"sqlite:///{shutil.copy(filled[0], tmp_path / 'charloom.db')}"
    settings = load_settings(
        database_url=url, redis_url=NO_BROKER, token=TOKEN, secret_key=KEY, fetch_seconds=1,
        max_upload_bytes=MOST,
    )  # fmt: skip
    app, log = make_app(settings, FakeTickets()), io.StringIO()
    monkeypatch.setattr(logging.getLogger().handlers[0], "stream", log)
    db = app.extensions["charloom"].db
    client = app.test_client()
    client.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {TOKEN}"
    yield Target(db, filled[1], client, log.getvalue, (TOKEN, KEY))
    db.close()


@pytest.fixture
def over() -> Iterator[threading.Event]:
    """Set when the test is over, so that the servers' threads end."""
    event = threading.Event()
    yield event
    event.set()


class Names:
    """A resolver of the test's own, and connections that end at its one server."""

    def __init__(self, port: int):
        self.known: dict[str, list[str]] = {"public.example": [PUBLIC]}
        self.went: list[str] = []
        self._port, self._connect = port, socket.create_connection

    def getaddrinfo(self, host: str, port: int, **_: Any) -> list[Any]:
        """Return the next of a name's answers; the last one for ever."""
        answers = self.known.get(host, [host])
        address = answers.pop(0) if len(answers) > 1 else answers[0]
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        return [(family, socket.SOCK_STREAM, 6, "", (address, port))]

    def create_connection(self, address: Any, *args: Any, **options: Any) -> socket.socket:
        """Connect to the server, and remember what was asked for."""
        self.went.append(address[0])
        return self._connect(("127.0.0.1", self._port), *args, **options)


def use(names: Names, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let all names be resolved, and all connections be made, by ``names``."""
    monkeypatch.setattr("shared.outgoing.getaddrinfo", names.getaddrinfo)
    monkeypatch.setattr(socket, "create_connection", names.create_connection)


LEADS = {
    "to loopback": "http://127.0.0.1/", "to a port of this machine": "http://127.0.0.1:6379/",
    "to the metadata of clouds": "http://169.254.169.254/latest/", "to a file": "file:///etc/passwd",
    "to gopher": "gopher://127.0.0.1/_x", "to IPv6 loopback": "http://[::1]/",
    "to a name of loopback": "http://inner.example/",
    "to a name with a dot": "http://inner.example./",
    "to a user's name": "http://public.example@127.0.0.1/",
    "to the scheme of the host": "//127.0.0.1/",
}  # fmt: skip


def redirects(*targets: str) -> Answer:
    """Lead on, from one to the next, at the end to the last of these."""
    left = list(targets)

    def answer(request: BaseHTTPRequestHandler) -> None:
        request.send_response(302)
        request.send_header("Location", left.pop(0) if len(left) > 1 else left[0])
        request.end_headers()

    return answer


CHAIN = ("http://public.example/1", "http://public.example/2", "http://10.0.0.1/")


@tried(
    "Redirects",
    *(Hostile(name, f"`{url}`", *NO, (url,)) for name, url in LEADS.items()),
    Hostile("a chain", "three, the last to a private address", *NO, CHAIN),
    Hostile("a circle", "to itself, for ever", *GONE, ("http://public.example/",)),
)
def test_redirects(case: Hostile, inside: Target, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each is checked as the first address was; nothing is asked of this machine."""
    with serving(redirects(*case.attack)) as url:
        names = Names(int(url.split(":")[2].split("/")[0]))
        names.known |= {"inner.example": ["127.0.0.1"], "inner.example.": ["127.0.0.1"]}
        use(names, monkeypatch)
        refuse(case, inside, "http://public.example/a")
        assert set(names.went) == {PUBLIC}


def refuse(case: Hostile, target: Target, url: str) -> None:
    """Have a text fetched, which must be refused."""
    with unharmed(target):
        answer = target.client.post("/api/v1/corpora", json={"name": "N", "url": url})
        refused_answer(case, answer, target)


@tried(
    "Names",
    Hostile("a name that changes", "public when it is checked, loopback when it is asked", *GONE,
            [PUBLIC, "127.0.0.1"], "the connection goes where it was checked"),
    Hostile("a private name", "a public name of a private address", *NO, ["192.168.0.1"]),
    Hostile("a name of the metadata", "a public name of 169.254.169.254", *NO, ["169.254.169.254"]),
    Hostile("a name of IPv6 loopback", "a public name of ::1", *NO, ["::1"]),
    Hostile("a name of mapped IPv4", "a public name of ::ffff:10.0.0.1", *NO, ["::ffff:10.0.0.1"]),
    Hostile("a name of a zone", "a public name of fe80::1%lo", *NO, ["fe80::1%lo"]),
    Hostile("a name with a dot at its end", "`localhost.`", *NO, ["127.0.0.1"]),
)  # fmt: skip
def test_names(case: Hostile, inside: Target, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a name resolves to is checked, and asked."""
    with serving(sends(b"no text", 404)) as url:
        names = Names(int(url.split(":")[2].split("/")[0]))
        names.known["evil.example"] = list(case.attack)
        use(names, monkeypatch)
        refuse(case, inside, "http://evil.example/")
        assert set(names.went) <= {PUBLIC}


def compressed(coding: str, body: bytes) -> Answer:
    """Send a body that is compressed, though nobody asked for it."""

    def answer(request: BaseHTTPRequestHandler) -> None:
        assert request.headers["Accept-Encoding"] == "identity"
        request.send_response(200)
        request.send_header("Content-Encoding", coding)
        request.end_headers()
        request.wfile.write(body)

    return answer


def endless(head: bytes, piece: bytes) -> Answer:
    """Send something for ever."""

    def answer(request: BaseHTTPRequestHandler) -> None:
        try:
            request.wfile.write(head)
            while True:
                request.wfile.write(piece)
        except OSError:
            return

    return answer


BOMB = gzip.compress(gzip.compress(bytes(10**8)))
START = b"HTTP/1.1 200 OK\r\n"
LONG = START + b"Content-Length: 99999999999999999999\r\n\r\n"
BODIES: dict[str, tuple[str, Callable[[threading.Event], Answer]]] = {
    "a bomb": ("100 MB in 100 kB", lambda _: compressed("gzip", gzip.compress(bytes(10**8)))),
    "a bomb in a bomb": ("compressed twice", lambda _: compressed("gzip, gzip", BOMB)),
    "a text without end": ("a body that goes on", lambda _: endless(START + b"\r\n", b"x" * 65536)),
    "a head without end": ("headers that go on", lambda _: endless(START, b"X-More: 1\r\n" * 999)),
    "a header without end": ("one that goes on", lambda _: endless(START + b"X: ", b"x" * 9999)),
    "a length of 20 digits": ("more than there is", lambda _: endless(LONG, b"x" * 65536)),
    "no HTTP": ("another protocol", lambda _: endless(b"220 smtp.example\r\n", b"250 OK\r\n")),
    "silence": ("no answer", hangs),
    "drops": ("ten bytes a tenth of a second", drips),
    "a refusal": ("500", lambda _: sends(b"", 500)),
    "early hints": ("1xx for ever", lambda _: endless(b"", b"HTTP/1.1 103 Early Hints\r\n\r\n")),
}  # fmt: skip


@tried(
    "Servers of texts",
    *(Hostile(name, tries, *GONE, make) for name, (tries, make) in BODIES.items()),
)
def test_bodies(
    case: Hostile, inside: Target, over: threading.Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is read beyond the limits of time and size."""
    with serving(case.attack(over)) as url:
        names = Names(int(url.split(":")[2].split("/")[0]))
        use(names, monkeypatch)
        refuse(case, inside, "http://public.example/")
        over.set()
