"""What is hardly HTTP, sent by hand to the real server: always a problem, never more than 4xx."""

import json

import pytest

from tests.support.hostile import Hostile, Target, refused, tried, unharmed
from tests.support.wire import AUTH, FORM, JSON, PART, get, post, request, sent
from web.headers import bare_headers

# None of it comes as far as the database.
pytestmark = pytest.mark.parametrize("filled_url", ["sqlite"], indirect=True, scope="module")

CHUNKED = b"Transfer-Encoding: chunked\r\n"
CHUNK = b"10000\r\n" + b"a" * 0x10000 + b"\r\n"
# What a proxy may take for a body's end, and a server for a request.
HIDDEN = request(b"DELETE /api/v1/jobs/x")
CASES = [
    Hostile("unknown route", "a path that there is not", 404, "not_found",
            get(b"/nothing")),
    Hostile("outside of v1", "a path above the API's versions", 404, "not_found",
            request(b"GET /api")),
    Hostile("a slash too many", "`/jobs/` for `/jobs`", 404, "not_found",
            get(b"/jobs/")),
    Hostile("another method", "PUT on a list", 405, "method_not_allowed",
            request(b"PUT /api/v1/jobs")),
    Hostile("no method at all", "a method that is none", 405, "method_not_allowed",
            request(b"BREW /api/v1/jobs")),
    Hostile("trace", "TRACE, which sends headers back", 405, "method_not_allowed",
            request(b"TRACE /api/v1/jobs")),
    Hostile("NUL in a path", "`%00` for an id", 404, "not_found",
            get(b"/jobs/%00")),
    Hostile("NUL in a name", "`%00` inside a model's name", 404, "not_found",
            get(b"/models/a%00b")),
    Hostile("half an escape", "`%zz` in a path", 404, "not_found",
            get(b"/jobs/%zz")),
    Hostile("no UTF-8 in a path", "`%ff%fe` in a path", 404, "not_found",
            get(b"/models/%ff%fe")),
    Hostile("a surrogate in a path", "half a character in a path", 404, "not_found",
            get(b"/models/%ED%A0%80")),
    Hostile("bytes in a path", "a path of bytes that are not escaped", 400, "bad_request",
            get(b"/jobs/\xff")),
    Hostile("NUL in a query", "`limit=%00`", 422, "invalid_fields",
            get(b"/jobs?limit=%00")),
    Hostile("no UTF-8 in a query", "a parameter of bytes", 422, "invalid_fields",
            get(b"/jobs?%ff=%fe")),
    Hostile("a surrogate in a query", "half a character as `after`", 422, "invalid_fields",
            get(b"/jobs?after=%ED%A0%80")),
    Hostile("a huge query", "an address of 20,000 bytes", 414, "uri_too_long",
            get(b"/jobs?x=" + b"a" * 20_000)),
    Hostile("a huge header", "a header of 20,000 bytes", 431, "request_header_fields_too_large",
            get(b"/jobs", headers=b"X: " + b"a" * 20_000 + b"\r\n")),
    Hostile("a foreign host", "`Host: evil.example`, for links that lead there", 400, "bad_request",
            get(b"/jobs", host=b"evil.example")),
    Hostile("an empty host", "no host", 400, "bad_request",
            get(b"/jobs", host=b"")),
    Hostile("a host with a blank", "`Host: a b`", 400, "bad_request",
            get(b"/jobs", host=b"a b")),
    Hostile("a host of bytes", "bytes as host", 400, "bad_request",
            get(b"/jobs", host=b"\xff\xfe")),
    Hostile("half a host", "`Host: [::1`", 400, "bad_request",
            get(b"/jobs", host=b"[::1")),
    Hostile("a port that is none", "`Host: localhost:x`", 400, "bad_request",
            get(b"/jobs", host=b"localhost:x")),
    Hostile("no HTTP", "a line that is no request", 400, "bad_request",
            b"nonsense\r\n\r\n"),
    Hostile("another HTTP", "HTTP/9.9", 400, "bad_request",
            b"GET /api/v1/jobs HTTP/9.9\r\n\r\n"),
    Hostile("a token of bytes", "a bearer token that is no text", 401, "unauthorized",
            b"GET /api/v1/jobs HTTP/1.1\r\nHost: localhost\r\n"
                b"Connection: close\r\nAuthorization: Bearer \xff\r\n\r\n"),
    Hostile("JSON that is no UTF-8", "bytes inside JSON", 400, "malformed_json",
            post(JSON, b'{"name": "\xff"}')),
    Hostile("deep lists", "100,000 lists, each in the other", 400, "malformed_json",
            post(JSON, b"[" * 100_000)),
    Hostile("deep objects", "50,000 objects, each in the other", 400, "malformed_json",
            post(JSON, b'{"a":' * 50_000)),
    Hostile("a number without end", "a number of 6,000 digits", 400, "malformed_json",
            post(JSON, b"1" * 6000)),
    Hostile("no JSON", "half an object", 400, "malformed_json",
            post(JSON, b"{")),
    Hostile("a surrogate in JSON", "half a character in a text", 422, "invalid_fields",
            post(JSON, rb'{"name": "a", "text": "\ud800"}')),
    Hostile("NUL in JSON", "NUL in a name, which PostgreSQL cannot hold", 422, "invalid_fields",
            post(JSON, rb'{"name": "\u0000", "text": "a"}')),
    Hostile("infinity", "1e999", 422, "invalid_fields",
            post(JSON, b'{"name": 1e999}')),
    Hostile("no object", "a list instead of an object", 422, "invalid_fields",
            post(JSON, b"[]")),
    Hostile("no media type", "a body without `Content-Type`", 415, "unsupported_media_type",
            post(b"", b"{}")),
    Hostile("a media type of bytes", "`Content-Type` of bytes", 415, "unsupported_media_type",
            post(b"Content-Type: \xff\r\n", b"{}")),
    Hostile("another media type", "`text/plain`", 415, "unsupported_media_type",
            post(b"Content-Type: text/plain\r\n", b"{}")),
    Hostile("half a form", "a form that breaks off inside its file", 422, "invalid_fields",
            post(FORM, b'--B\r\nContent-Disposition: form-data; name="file"; '
                b'filename="a"\r\n\r\nabc')),
    Hostile("no form", "a form without any part", 422, "invalid_fields",
            post(FORM, b"nonsense")),
    Hostile("a form without a boundary", "multipart that names no boundary", 422, "invalid_fields",
            post(b"Content-Type: multipart/form-data\r\n", b"--B--\r\n")),
    Hostile("too many parts", "a form of 1,500 parts", 413, "too_large",
            post(FORM, b"".join(PART % b"f%d" % n for n in range(1500)) + b"--B--\r\n")),
    Hostile("too large", "a body over the limit", 413, "too_large",
            post(JSON, b"x" * 1_100_000)),
    Hostile("less than was said", "`Content-Length: 900` for one byte", 400, "malformed_json",
            request(b"POST /api/v1/corpora", JSON + b"Content-Length: 900\r\n")
                + b"{"),
    Hostile("a chunk that is none", "a chunk whose size is no number", 400, "bad_request",
            request(b"POST /api/v1/training-jobs",
                JSON + b"Transfer-Encoding: chunked\r\n") + b"zz\r\n"),
    Hostile("a length below 0", "`Content-Length: -1`", 400, "bad_request",
            request(b"POST /api/v1/corpora", JSON + b"Content-Length: -1\r\n")),
    Hostile("two lengths", "`Content-Length` twice, to hide a second request", 400, "bad_request",
            request(b"POST /api/v1/corpora", JSON + b"Content-Length: 2\r\nContent-Length: 60\r\n")
            + b"{}" + HIDDEN),
    Hostile("length and chunks", "both lengths, to hide a second request", 400, "bad_request",
            request(b"POST /api/v1/corpora", JSON + CHUNKED + b"Content-Length: 4\r\n")
            + b"0\r\n\r\n" + HIDDEN),
    Hostile("chunks by another name", "`Transfer-Encoding: xchunked`", 501, "not_implemented",
            request(b"POST /api/v1/corpora", JSON + b"Transfer-Encoding: xchunked\r\n") + HIDDEN),
    Hostile("chunks in disguise", "`Transfer-Encoding : chunked`, with a blank", 400, "bad_request",
            request(b"POST /api/v1/corpora", JSON + b"Transfer-Encoding : chunked\r\n") + HIDDEN),
    Hostile("chunks with HTTP/1.0", "which has none", 400, "bad_request",
            b"POST /api/v1/corpora HTTP/1.0\r\nHost: localhost\r\n" + AUTH + JSON + CHUNKED
            + b"\r\n0\r\n\r\n"),
    Hostile("a chunk of any size", "a chunk of 2^64 bytes", 400, "bad_request",
            request(b"POST /api/v1/training-jobs", JSON + CHUNKED) + b"1" + b"0" * 16
            + b"\r\n{}\r\n"),
    Hostile("chunks without end", "a chunked body over the limit, a corpus", 413, "too_large",
            request(b"POST /api/v1/corpora", JSON + CHUNKED) + CHUNK * 20),
    Hostile("chunks for a spec", "a chunked body over the limit, a job", 413, "too_large",
            request(b"POST /api/v1/training-jobs", JSON + CHUNKED) + CHUNK * 40),
    Hostile("chunks for a move", "a chunked body where none is read", 404, "not_found",
            request(b"POST /api/v1/jobs/x/cancel", CHUNKED) + CHUNK * 40),
    Hostile("chunks for a page", "a chunked form over the limit", 413, None,
            request(b"POST /sign-in", b"Content-Type: application/x-www-form-urlencoded\r\n"
                    + CHUNKED) + CHUNK * 40),
    Hostile("an expectation", "`Expect: 200-maybe`", 417, "expectation_failed",
            request(b"POST /api/v1/corpora", JSON + b"Expect: 200-maybe\r\n", b"{}")),
    Hostile("a header on two lines", "a folded header", 400, "bad_request",
            get(b"/jobs", headers=b"X-A: a\r\n b\r\n")),
    Hostile("a header without a name", "`: a`", 400, "bad_request",
            get(b"/jobs", headers=b": a\r\n")),
    Hostile("a header with an end of line", "a single CR inside a header", 400, "bad_request",
            get(b"/jobs", headers=b"X-A: a\rX-B: b\r\n")),
    Hostile("NUL in a header", "NUL inside a header", 400, "bad_request",
            get(b"/jobs", headers=b"X-A: a\x00b\r\n")),
    Hostile("10,000 headers", "more headers than are read", 431, "request_header_fields_too_large",
            get(b"/jobs", headers=b"".join(b"X-%d: 1\r\n" % n for n in range(10_000)))),
    Hostile("two hosts", "`Host` twice, the second foreign", 400, "bad_request",
            get(b"/jobs", headers=b"Host: evil.example\r\n")),
    Hostile("a host in the address", "`GET http://evil.example/`", 200, None,
            request(b"GET http://evil.example/api/v1/jobs?limit=1"), "that host is passed over"),
    Hostile("a tunnel", "CONNECT to another host", 404, None,
            request(b"CONNECT 169.254.169.254:80")),
    Hostile("two tokens", "`Authorization` twice, the second wrong", 401, "unauthorized",
            get(b"/jobs", headers=b"Authorization: Bearer x\r\n")),
]  # fmt: skip


@tried("HTTP", *CASES)
def test_what_is_malformed_gets_a_problem(case: Hostile, target: Target) -> None:
    """With the status and the stable code of what is wrong with it."""
    with unharmed(target):
        got, headers, body = sent(target.port, case.attack)
    refused(case, got, headers["content-type"], body, target)
    if case.code:
        assert json.loads(body).keys() >= {"type", "title", "detail", "errors"}
        # Also where gunicorn answers by itself.
        assert headers.items() >= {n.lower(): v for n, v in bare_headers().items()}.items()


@pytest.mark.parametrize(("line", "status"), [(b"HEAD /api/v1/jobs", 200), (b"HEAD /api/x", 404),
                                              (b"OPTIONS /api/v1/jobs", 200)])  # fmt: skip
def test_without_a_body(target: Target, line: bytes, status: int) -> None:
    """HEAD is GET without a body, also of a problem; OPTIONS tells by Allow."""
    got, _, body = sent(target.port, request(line))
    assert (got, body) == (status, b"")


def test_too_many_parts_are_told_as_such(target: Target) -> None:
    """Not as a body that is too large, which it is not."""
    data = next(case.attack for case in CASES if case.name == "too many parts")
    assert "1,000 parts" in json.loads(sent(target.port, data)[2])["detail"]
