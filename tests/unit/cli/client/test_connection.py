"""Requests that are sent again, and what becomes of refusals."""

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import httpx
import pytest

from cli.client import Client, Refused, Retries, ServerFailed, Unreachable
from cli.client.connection import Connection
from shared.errors import InternalError, InvalidFields, UserError

Answer = httpx.Response | Exception
JOB = httpx.Response(202, json={"id": "1", "status": "queued"})
BUSY = httpx.Response(503, json={"detail": "the database is away", "code": "away", "errors": []})
REFUSED = httpx.ConnectError("Connection refused")
BROKEN = httpx.ReadError("Connection reset")


@dataclass
class Server:
    """Gives its answers in turn; remembers what it was asked and how long was waited."""

    answers: list[Answer]
    asked: list[httpx.Request] = field(default_factory=list)
    slept: list[float] = field(default_factory=list)

    def __call__(self, request: httpx.Request) -> httpx.Response:
        """Answer a request."""
        self.asked.append(request)
        answer = self.answers[min(len(self.asked), len(self.answers)) - 1]
        if isinstance(answer, Exception):
            raise answer
        # A response can be read once.
        return httpx.Response(answer.status_code, content=answer.content, headers=answer.headers)


Serve = Callable[..., tuple[Client, Server]]


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Make a client of a server that gives some answers, and never really sleeps."""
    made: list[Client] = []

    def make(*answers: Answer, retries: Retries | None = None) -> tuple[Client, Server]:
        server = Server(list(answers))
        transport = httpx.MockTransport(server)
        client = Client("http://charloom.test", "secret", 5, retries, transport)
        connection: Connection = client._connection
        connection.sleep = server.slept.append
        made.append(client)
        return client, server

    yield make
    for client in made:
        client.close()


@pytest.mark.parametrize("status", [429, 503])
def test_a_busy_server_is_asked_again(serve: Serve, status: int) -> None:
    """429 and 503 are ridden out with pauses that double, less up to a half by chance."""
    client, server = serve(httpx.Response(status), httpx.Response(status), JOB)
    assert client.post("/jobs/1/cancel")["id"] == "1"
    assert len(server.asked) == 3
    for slept, most in zip(server.slept, (0.5, 1.0), strict=True):
        assert most / 2 <= slept <= most


def test_retry_after_is_waited_for(serve: Serve) -> None:
    """Never sooner than the server says."""
    client, server = serve(httpx.Response(503, headers={"Retry-After": "7"}), JOB)
    client.job("1")
    assert 7 <= server.slept[0] <= 7.5


def test_retry_after_may_be_a_date(serve: Serve) -> None:
    """As RFC 9110 has it; what is neither is passed over."""
    date = format_datetime(datetime.now(UTC) + timedelta(seconds=20), usegmt=True)
    for wanted, least, most in ((date, 15, 21), ("soon", 0, 1), (date[:-5], 0, 21)):
        client, server = serve(httpx.Response(429, headers={"Retry-After": wanted}), JOB)
        client.job("1")
        assert least <= server.slept[0] <= most


def test_what_is_no_text_is_refused(serve: Serve) -> None:
    """A shell passes any bytes on; in a path they name nothing."""
    client, server = serve(JOB)
    with pytest.raises(UserError, match="is not text"):
        client.add_corpus("\udcff", text="t")
    client.model("\udcff")
    assert [request.url.raw_path for request in server.asked] == [b"/api/v1/models/%FF"]


def test_a_long_retry_after_is_not_waited_for(serve: Serve) -> None:
    """Over the patience it is the answer."""
    client, server = serve(httpx.Response(429, headers={"Retry-After": "3600"}))
    with pytest.raises(Refused) as caught:
        client.job("1")
    assert caught.value.status == 429
    assert server.slept == []


def test_patience_has_an_end(serve: Serve) -> None:
    """After the last retry the answer's own words are told."""
    client, server = serve(BUSY)
    with pytest.raises(ServerFailed, match="the database is away"):
        client.job("1")
    assert len(server.asked) == 5


def test_a_broken_connection_is_made_again(serve: Serve) -> None:
    """A request that may be repeated is."""
    client, server = serve(BROKEN, JOB)
    assert client.job("1")["id"] == "1"
    assert len(server.asked) == 2


def test_a_move_is_not_repeated_when_it_may_have_been_made(serve: Serve) -> None:
    """Who loses the answer to a POST does not know what became of it."""
    client, server = serve(BROKEN, JOB)
    with pytest.raises(Unreachable, match=r"charloom\.test: Connection reset"):
        client.cancel("1")
    assert len(server.asked) == 1


def test_a_move_that_was_never_sent_is_repeated(serve: Serve) -> None:
    """Where no connection was made nothing has happened."""
    client, server = serve(REFUSED, JOB)
    client.cancel("1")
    assert len(server.asked) == 2


def test_a_submission_is_repeated_with_its_key(serve: Serve) -> None:
    """The key makes sure that it is one job; the next submission has another."""
    client, server = serve(BROKEN, BUSY, JOB)
    client.train("c")
    client.generate("k")
    first, second, third, other = (r.headers["Idempotency-Key"] for r in server.asked)
    assert first == second == third != other


def test_a_server_that_never_answered_can_be_given_up_sooner(serve: Serve) -> None:
    """It is most likely not there; one that did answer is waited for."""
    retries = Retries(unanswered=1)
    client, server = serve(REFUSED, retries=retries)
    with pytest.raises(Unreachable):
        client.job("1")
    assert len(server.asked) == 2
    client, server = serve(JOB, REFUSED, REFUSED, JOB, retries=retries)
    client.job("1")
    assert client.job("1")["id"] == "1"


def test_a_refusal_has_its_status_its_code_and_its_fields(serve: Serve) -> None:
    """What the problem says is told, field by field."""
    errors = [{"field": "length", "message": "too small", "received": 0, "accepted": "at least 1"}]
    problem = {"detail": "Some fields are bad.", "code": "invalid_fields", "errors": errors}
    client, _ = serve(httpx.Response(422, json=problem))
    with pytest.raises(UserError) as caught:
        client.job("1")
    assert str(caught.value) == "length: too small, received 0; accepted: at least 1"
    assert isinstance(caught.value, Refused)
    assert (caught.value.status, caught.value.code) == (422, "invalid_fields")


def test_nothing_is_told_twice(serve: Serve) -> None:
    """Neither what a field's problem says again, nor what was received where that names it."""
    short = {"field": "corpus_id", "message": "3 characters are too few", "received": 3}
    named = {"field": "model", "message": "no model has the name 'x'", "received": "x"}
    for detail, error, text in (
        (short["message"], short, short["message"]),
        ("Some fields are not acceptable.", named, "model: no model has the name 'x'"),
        ("only this", None, "only this"),
    ):
        problem = {"detail": detail, "code": "c", "errors": [error] if error else []}
        client, _ = serve(httpx.Response(422, json=problem))
        with pytest.raises(UserError) as caught:
            client.job("1")
        assert str(caught.value) == text


@pytest.mark.parametrize(
    "answer",
    [httpx.Response(500, text="<html>"), httpx.Response(200, text="<html>"),
     httpx.Response(301, headers={"Location": "http://elsewhere"})],
)  # fmt: skip
def test_what_is_no_charloom_is_a_failure_of_the_server(serve: Serve, answer: Answer) -> None:
    """An answer that makes no sense is not the caller's fault; nobody is sent on with the token."""
    client, server = serve(answer)
    with pytest.raises(InternalError):
        client.job("1")
    assert len(server.asked) == 1


def test_bad_fields_are_refused_before_anything_is_sent(serve: Serve) -> None:
    """The specs of the service hold here, too."""
    client, server = serve(JOB)
    with pytest.raises(InvalidFields, match=r"learning_rate: .* received -1; accepted: a number"):
        client.train("c", learning_rate=-1)
    with pytest.raises(InvalidFields, match="lenght: there is no such field"):
        client.generate("k", lenght=5)
    with pytest.raises(InvalidFields, match=r"training\.epochs"):
        client.add_schedule(
            name="n", cron="nightly", corpus_id="c", model="m", training={"epochs": 0}
        )
    with pytest.raises(InvalidFields, match="overlap"):
        client.change_schedule("s", overlap="both")
    assert server.asked == []


def test_only_what_was_given_is_sent(serve: Serve) -> None:
    """So that the server's defaults hold, and of a schedule the rest stays."""
    client, server = serve(JOB)
    client.train("c", preset="fast", epochs=3)
    client.change_schedule("s", cron="hourly")
    bodies = [json.loads(request.content) for request in server.asked]
    assert bodies == [{"preset": "fast", "epochs": 3, "corpus_id": "c"}, {"cron": "hourly"}]


def test_names_stay_in_their_place(serve: Serve) -> None:
    """What stands in a name leads to no other path."""
    client, server = serve(JOB)
    client.model("jobs?x=ü")
    assert server.asked[0].url.raw_path == b"/api/v1/models/jobs%3Fx%3D%C3%BC"
    for name in ("../jobs", "a/b", "..", ""):
        with pytest.raises(Refused, match=re.escape(f"no model has the name {name!r}")):
            client.model(name)
    with pytest.raises(Refused, match="no corpus has the id 'a/b'"):
        client.corpus("a/b")
    assert len(server.asked) == 1


@pytest.mark.parametrize("end", ["", "/", "/api/v1", "/api/v1/", "/inside/api/v1"])
def test_an_address_may_end_as_the_api_does(end: str) -> None:
    """What was copied from a request's address is good, too."""
    with Client(f"http://127.0.0.1:8000{end}", "t") as client:
        assert client.url == "http://127.0.0.1:8000" + "/inside" * ("inside" in end)


@pytest.mark.parametrize(
    "url", ["", "foo", "ftp://x", "http://", "http://[", "http://h:x", "file:///etc/passwd"]
)
def test_an_address_that_is_none(url: str) -> None:
    """It is named with what is accepted."""
    with pytest.raises(UserError, match="accepted: http://HOST:PORT"):
        Client(url, "t")


@pytest.mark.parametrize("token", ["", "two\nlines", "ümlaut", "a b"])
def test_a_token_that_no_header_can_carry(token: str) -> None:
    """It is refused, and not shown."""
    with pytest.raises(UserError) as caught:
        Client("http://127.0.0.1", token)
    assert token == "" or token not in str(caught.value)


@pytest.mark.parametrize("body", [b"[]", b'"x"', b"[" * 100_000, b"{}", b'{"data": 3}'])
def test_what_is_no_charloom_is_said_in_a_line(serve: Serve, body: bytes) -> None:
    """JSON of another kind, nested without end, or without what every answer has."""
    client, _ = serve(httpx.Response(200, content=body))
    with pytest.raises(ServerFailed, match="no charloom"):
        list(client.jobs())
    with pytest.raises(ServerFailed, match="no charloom"):
        client.job("01a214bb-4f62-7127-ae46-a465ee9fc6be")


def test_an_answer_that_cannot_be_unpacked_is_the_servers_fault(serve: Serve) -> None:
    """No traceback."""
    client, server = serve()
    server.answers = [httpx.DecodingError("bad gzip")]
    with pytest.raises(ServerFailed, match="cannot be read"):
        client.job("x")
