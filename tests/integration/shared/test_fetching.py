"""Texts from addresses, over real sockets: what is fetched, what is refused and why."""

import socket
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from typing import Any

import pytest

from shared.corpora.fetching import Fetched, Validators, fetch, fetch_changed
from shared.errors import AddressRefused, SourceUnavailable
from shared.settings import Settings, load_settings
from tests.support.web import Answer, drips, hangs, sends, serving

TEXT = "Ein Text, der sich ändert.\n".encode() * 40
MOST = 10_000


@pytest.fixture
def over() -> Iterator[threading.Event]:
    """Set when the test is over, so that the server's threads end."""
    event = threading.Event()
    yield event
    event.set()


def settings(*, private: bool = True) -> Settings:
    """Settings that give a text one second."""
    return load_settings(
        fetch_seconds=1, max_upload_bytes=MOST, private_addresses=private, database_url="sqlite://"
    )


def redirects(target: str, body: bytes = b"") -> Answer:
    """Answer with a redirect."""

    def answer(request: BaseHTTPRequestHandler) -> None:
        request.send_response(302)
        request.send_header("Location", target)
        request.end_headers()
        request.wfile.write(body)

    return answer


def endless(status: int, *headers: tuple[str, str]) -> Answer:
    """Answer with a body that does not end."""

    def answer(request: BaseHTTPRequestHandler) -> None:
        request.send_response(status)
        for header in headers:
            request.send_header(*header)
        request.end_headers()
        try:
            while True:
                request.wfile.write(b"x" * 65_536)
        except OSError:
            return

    return answer


def keeps(etag: str) -> Answer:
    """Answer as a server does whose text has a name for its state."""

    def answer(request: BaseHTTPRequestHandler) -> None:
        if request.headers.get("If-None-Match") == etag:
            request.send_response(304)
            request.end_headers()
            return
        request.send_response(200)
        request.send_header("ETag", etag)
        request.send_header("Last-Modified", "Tue, 24 Nov 2026 03:00:00 GMT")
        request.end_headers()
        request.wfile.write(TEXT)

    return answer


def read(found: Fetched | None) -> bytes:
    """Return the bytes that came."""
    assert found is not None
    with found.file as file:
        return file.read()


def test_a_text_comes_as_it_is_and_says_what_its_state_is_called() -> None:
    """Asked again with that, the server need not send it again."""
    with serving(keeps('"one"')) as url:
        found = fetch(url, settings())
        assert read(found) == TEXT
        assert found.validators == Validators('"one"', "Tue, 24 Nov 2026 03:00:00 GMT")
        assert fetch_changed(url, settings(), found.validators) is None
    with serving(keeps('"two"')) as url:
        assert read(fetch_changed(url, settings(), found.validators)) == TEXT


def test_a_redirect_is_followed() -> None:
    """As any reader of the address would."""
    with serving(sends(TEXT)) as target, serving(redirects(target)) as url:
        assert read(fetch(url, settings())) == TEXT


HOSTILE = [
    "http://127.0.0.1/", "http://localhost/", "http://127.1/", "http://2130706433/",
    "http://0x7f000001/", "http://0177.0.0.1/", "http://[::1]/", "http://[::ffff:127.0.0.1]/",
    "http://[64:ff9b::7f00:1]/", "http://0.0.0.0/", "http://[::]/", "http://169.254.169.254/",
    "http://[fe80::1]/", "http://10.0.0.1/", "http://192.168.0.1:8080/", "http://[fd00::1]/",
    "http://224.0.0.1/", "https://127.0.0.1/", "file:///etc/passwd", "ftp://93.184.216.34/a",
    "gopher://127.0.0.1/", "http://me:secret@93.184.216.34/", "//93.184.216.34/a", "a.txt",
]  # fmt: skip


@pytest.mark.parametrize("url", HOSTILE)
def test_hostile_addresses_are_not_asked(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The reason is told, and no connection is made."""

    def connected(*_: Any, **__: Any) -> None:
        raise AssertionError("a connection was made")

    monkeypatch.setattr(socket, "create_connection", connected)
    with pytest.raises(AddressRefused) as caught:
        fetch(url, settings(private=False))
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    "url", ["http://[::1/", "http:///a", "", "http://x:y/", "http://" + "a" * 70]
)
def test_what_is_no_address_is_refused(url: str) -> None:
    """With words, not with a traceback."""
    with pytest.raises((AddressRefused, SourceUnavailable)):
        fetch(url, settings())


@pytest.fixture
def public_names(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Let this machine stand for a public one until a name is asked twice; return what is asked.

    ``first.example`` is public once and loopback ever after.
    """
    asked: list[str] = []

    def getaddrinfo(host: str, port: int, **_: Any) -> list[Any]:
        asked.append(host)
        address = "93.184.216.34" if asked.count("first.example") == 1 else "127.0.0.1"
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port))]

    monkeypatch.setattr("shared.outgoing.getaddrinfo", getaddrinfo)
    return asked


def test_a_name_that_answers_twice_differently_gains_nothing(
    public_names: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The connection goes to the address that was checked; the name is not asked again."""
    went: list[Any] = []

    def create_connection(address: Any, *_: Any, **__: Any) -> None:
        went.append(address)
        raise OSError("nobody is there")

    monkeypatch.setattr(socket, "create_connection", create_connection)
    with pytest.raises(SourceUnavailable):
        fetch("http://first.example/a", settings(private=False))
    assert (went, public_names) == ([("93.184.216.34", 80)], ["first.example"])


@pytest.mark.parametrize("target", ["http://127.0.0.1:9/", "http://169.254.169.254/", "file:///a"])
def test_a_redirect_is_checked_as_the_first_address_was(
    target: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A public server cannot send anybody to a private one."""
    real = socket.create_connection
    with serving(redirects(target)) as url:
        port = int(url.split(":")[2].split("/")[0])
        public = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("93.184.216.34", port))]
        resolve = socket.getaddrinfo
        monkeypatch.setattr(
            "shared.outgoing.getaddrinfo",
            lambda host, *a, **k: public if host == "public.example" else resolve(host, *a, **k),
        )
        monkeypatch.setattr(
            socket, "create_connection", lambda _, *a, **k: real(("127.0.0.1", port), *a, **k)
        )
        with pytest.raises(AddressRefused):
            fetch(f"http://public.example:{port}/a", settings(private=False))


def test_a_circle_of_redirects_ends() -> None:
    """After five of them."""
    with serving(redirects("/again")) as url, pytest.raises(SourceUnavailable, match="5 times"):
        fetch(url, settings())


@pytest.mark.parametrize(
    ("headers", "words"),
    [((), "sends more than 10,000 bytes"), ((("Content-Length", "99999999"),), "99,999,999 bytes")],
)
def test_an_endless_text_is_given_up(headers: tuple[tuple[str, str], ...], words: str) -> None:
    """As soon as it is larger than what is taken, or says that it will be."""
    with serving(endless(200, *headers)) as url, pytest.raises(SourceUnavailable, match=words):
        fetch(url, settings())


def test_the_body_of_a_redirect_is_not_read() -> None:
    """An endless one costs nothing."""
    with serving(sends(TEXT)) as target, serving(endless(302, ("Location", target))) as url:
        assert read(fetch(url, settings())) == TEXT


def dripping_head(until: threading.Event) -> Answer:
    """Send a header now and then, and never the last."""

    def answer(request: BaseHTTPRequestHandler) -> None:
        try:
            request.wfile.write(b"HTTP/1.1 200 OK\r\n")
            while not until.wait(0.1):
                request.wfile.write(b"X-More: 1\r\n")
                request.wfile.flush()
        except OSError:
            return

    return answer


@pytest.mark.parametrize("slow", [hangs, drips, dripping_head])
def test_a_slow_server_is_given_up(slow: Any, over: threading.Event) -> None:
    """The time is for all of the request, whatever it is spent on."""
    began = time.monotonic()
    with serving(slow(over)) as url:
        with pytest.raises(SourceUnavailable, match=r"timed out|too slow"):
            fetch(url, settings())
        over.set()
    assert time.monotonic() - began < 4


@pytest.mark.parametrize("status", [204, 304, 404, 500])
def test_only_a_text_is_a_text(status: int) -> None:
    """Any other answer is told with its number; nobody asked whether anything changed."""
    with serving(sends(b"", status)) as url:
        if status == 204:
            assert read(fetch(url, settings())) == b""
            return
        with pytest.raises(SourceUnavailable, match=r"304|404|500|nothing changed"):
            fetch(url, settings())
