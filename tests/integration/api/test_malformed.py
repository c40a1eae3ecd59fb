"""What is hardly HTTP, sent by hand to the real server: always a problem, never more than 4xx."""

import json
import socket
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from tests.support.web_server import TOKEN, running_web
from web.headers import bare_headers

AUTH = f"Authorization: Bearer {TOKEN}\r\n".encode()
JSON = b"Content-Type: application/json\r\n"
FORM = b"Content-Type: multipart/form-data; boundary=B\r\n"
PART = b'--B\r\nContent-Disposition: form-data; name="%b"\r\n\r\nx\r\n'


@pytest.fixture(scope="module")
def port(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """The port of the web server; its database stays empty."""
    log = tmp_path_factory.mktemp("web") / "web.log"
    with running_web(f"sqlite:///{sqlite_template}", log) as url:
        yield int(url.rpartition(":")[2])


def sent(port: int, data: bytes) -> tuple[int, dict[str, str], bytes]:
    """Send bytes as they are; return the answer's status, headers and body."""
    with socket.create_connection(("127.0.0.1", port), 10) as connection:
        connection.sendall(data)
        # A server that has refused what is too large may have hung up by now.
        with suppress(OSError):
            connection.shutdown(socket.SHUT_WR)
        got = b"".join(iter(lambda: connection.recv(65536), b""))
    head, _, body = got.partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
    return int(first.split()[1]), headers, body


def request(
    line: bytes, headers: bytes = b"", body: bytes = b"", host: bytes = b"localhost"
) -> bytes:
    """Return a request with the token."""
    size = b"Content-Length: %d\r\n" % len(body) if body else b""
    head = b"%b HTTP/1.1\r\nHost: %b\r\nConnection: close\r\n" % (line, host)
    return head + AUTH + headers + size + b"\r\n" + body


def get(path: bytes, **more: bytes) -> bytes:
    """Return a GET."""
    return request(b"GET /api/v1" + path, **more)


def post(headers: bytes, body: bytes, path: bytes = b"/corpora") -> bytes:
    """Return a POST."""
    return request(b"POST /api/v1" + path, headers, body)


REQUESTS = {
    "unknown route": (get(b"/nothing"), 404, "not_found"),
    "outside of v1": (request(b"GET /api"), 404, "not_found"),
    "a slash too many": (get(b"/jobs/"), 404, "not_found"),
    "another method": (request(b"PUT /api/v1/jobs"), 405, "method_not_allowed"),
    "no method at all": (request(b"BREW /api/v1/jobs"), 405, "method_not_allowed"),
    "trace": (request(b"TRACE /api/v1/jobs"), 405, "method_not_allowed"),
    "NUL in a path": (get(b"/jobs/%00"), 404, "not_found"),
    "NUL in a name": (get(b"/models/a%00b"), 404, "not_found"),
    "half an escape": (get(b"/jobs/%zz"), 404, "not_found"),
    "no UTF-8 in a path": (get(b"/models/%ff%fe"), 404, "not_found"),
    "a surrogate in a path": (get(b"/models/%ED%A0%80"), 404, "not_found"),
    "bytes in a path": (get(b"/jobs/\xff"), 400, "bad_request"),
    "NUL in a query": (get(b"/jobs?limit=%00"), 422, "invalid_fields"),
    "no UTF-8 in a query": (get(b"/jobs?%ff=%fe"), 422, "invalid_fields"),
    "a surrogate in a query": (get(b"/jobs?after=%ED%A0%80"), 422, "invalid_fields"),
    "a huge query": (get(b"/jobs?x=" + b"a" * 20_000), 414, "uri_too_long"),
    "a huge header": (get(b"/jobs", headers=b"X: " + b"a" * 20_000 + b"\r\n"), 431,
                      "request_header_fields_too_large"),
    "a foreign host": (get(b"/jobs", host=b"evil.example"), 400, "bad_request"),
    "an empty host": (get(b"/jobs", host=b""), 400, "bad_request"),
    "a host with a blank": (get(b"/jobs", host=b"a b"), 400, "bad_request"),
    "a host of bytes": (get(b"/jobs", host=b"\xff\xfe"), 400, "bad_request"),
    "half a host": (get(b"/jobs", host=b"[::1"), 400, "bad_request"),
    "a port that is none": (get(b"/jobs", host=b"localhost:x"), 400, "bad_request"),
    "no HTTP": (b"nonsense\r\n\r\n", 400, "bad_request"),
    "another HTTP": (b"GET /api/v1/jobs HTTP/9.9\r\n\r\n", 400, "bad_request"),
    "a token of bytes": (b"GET /api/v1/jobs HTTP/1.1\r\nHost: localhost\r\n"
                         b"Connection: close\r\nAuthorization: Bearer \xff\r\n\r\n", 401,
                         "unauthorized"),
    "JSON that is no UTF-8": (post(JSON, b'{"name": "\xff"}'), 400, "malformed_json"),
    "deep lists": (post(JSON, b"[" * 100_000), 400, "malformed_json"),
    "deep objects": (post(JSON, b'{"a":' * 50_000), 400, "malformed_json"),
    "a number without end": (post(JSON, b"1" * 6000), 400, "malformed_json"),
    "no JSON": (post(JSON, b"{"), 400, "malformed_json"),
    "a surrogate in JSON": (post(JSON, rb'{"name": "a", "text": "\ud800"}'), 422, "invalid_fields"),
    "NUL in JSON": (post(JSON, rb'{"name": "\u0000", "text": "a"}'), 422, "invalid_fields"),
    "infinity": (post(JSON, b'{"name": 1e999}'), 422, "invalid_fields"),
    "no object": (post(JSON, b"[]"), 422, "invalid_fields"),
    "no media type": (post(b"", b"{}"), 415, "unsupported_media_type"),
    "a media type of bytes": (post(b"Content-Type: \xff\r\n", b"{}"), 415,
                              "unsupported_media_type"),
    "another media type": (post(b"Content-Type: text/plain\r\n", b"{}"), 415,
                           "unsupported_media_type"),
    "half a form": (post(FORM, b'--B\r\nContent-Disposition: form-data; name="file"; '
                         b'filename="a"\r\n\r\nabc'), 422, "invalid_fields"),
    "no form": (post(FORM, b"nonsense"), 422, "invalid_fields"),
    "a form without a boundary": (post(b"Content-Type: multipart/form-data\r\n", b"--B--\r\n"),
                                  422, "invalid_fields"),
    "too many parts": (post(FORM, b"".join(PART % b"f%d" % n for n in range(1500)) + b"--B--\r\n"),
                       413, "too_large"),
    "too large": (post(JSON, b"x" * 1_100_000), 413, "too_large"),
    "less than was said": (request(b"POST /api/v1/corpora", JSON + b"Content-Length: 900\r\n")
                           + b"{", 400, "malformed_json"),
    "a chunk that is none": (request(b"POST /api/v1/training-jobs",
                                     JSON + b"Transfer-Encoding: chunked\r\n") + b"zz\r\n", 400,
                             "bad_request"),
    "a length below 0": (request(b"POST /api/v1/corpora", JSON + b"Content-Length: -1\r\n"), 400,
                         "bad_request"),
}  # fmt: skip


@pytest.mark.parametrize(("data", "status", "code"), REQUESTS.values(), ids=REQUESTS)
def test_what_is_malformed_gets_a_problem(port: int, data: bytes, status: int, code: str) -> None:
    """With the status and the stable code of what is wrong with it."""
    got, headers, body = sent(port, data)
    assert (got, headers["content-type"]) == (status, "application/problem+json"), body[:500]
    # Also where gunicorn answers by itself.
    for name, value in bare_headers().items():
        assert headers[name.lower()] == value, name
    problem = json.loads(body)
    assert (problem["status"], problem["code"]) == (status, code), problem
    assert problem.keys() >= {"type", "title", "detail", "errors"}


@pytest.mark.parametrize(("line", "status"), [(b"HEAD /api/v1/jobs", 200), (b"HEAD /api/x", 404),
                                              (b"OPTIONS /api/v1/jobs", 200)])  # fmt: skip
def test_without_a_body(port: int, line: bytes, status: int) -> None:
    """HEAD is GET without a body, also of a problem; OPTIONS tells by Allow."""
    got, _, body = sent(port, request(line))
    assert (got, body) == (status, b"")


def test_too_many_parts_are_told_as_such(port: int) -> None:
    """Not as a body that is too large, which it is not."""
    data, *_ = REQUESTS["too many parts"]
    assert "1,000 parts" in json.loads(sent(port, data)[2])["detail"]
