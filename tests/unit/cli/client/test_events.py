"""Following a job: server-sent events, streams that break, and pages where there is no stream."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from typing import Any

import pytest

from cli.client import Client, Json, Retries, ServerFailed
from cli.client.events import events
from tests.support.web import serving

JOB = "/api/v1/jobs/j"


def event(seq: int, type_: str = "epoch", **data: Any) -> Json:
    """Return an event as the API tells it."""
    return {"seq": seq, "type": type_, "created_at": "2026-01-01T00:00:00Z", "data": data}


def frame(told: Json) -> bytes:
    """Return an event as it is sent."""
    data = json.dumps(told, ensure_ascii=False)
    return f"id: {told['seq']}\nevent: {told['type']}\ndata: {data}\n\n".encode()


def progress(fraction: float) -> bytes:
    """Return a job's progress as it is sent."""
    return f'event: progress\ndata: {{"fraction": {fraction}}}\n\n'.encode()


@dataclass
class Server:
    """An API with one job: its streams one after another, then 204; or its pages."""

    streams: list[bytes] | None = None
    pages: list[list[Json]] = field(default_factory=list)
    jobs: list[Json] = field(default_factory=list)
    asked: list[tuple[str, str | None, str | None]] = field(default_factory=list)
    url: str = ""
    away: int = 0
    refuses: bool = False

    def answer(self, request: BaseHTTPRequestHandler) -> None:
        """Answer a request."""
        seen = request.headers["Last-Event-ID"], request.headers["If-None-Match"]
        self.asked.append((request.path.removeprefix(JOB), *seen))
        if self.away and len(self.asked) in range(2, 2 + self.away):
            self._send(request, 503, "text/plain", b"")
        elif self.refuses and "after" not in request.path and "/events" in request.path:
            self._send(request, 429, "text/plain", b"")
        elif "/events" not in request.path:
            self._send_job(request)
        elif self.streams is None:
            page = self.pages.pop(0) if "after" in request.path and self.pages else []
            self._send(request, 200, "application/json", {"data": page, "has_more": False})
        elif self.streams:
            self._send(request, 200, "text/event-stream; charset=utf-8", self.streams.pop(0))
        else:
            self._send(request, 204, "", b"")

    def _send_job(self, request: BaseHTTPRequestHandler) -> None:
        job = self.jobs.pop(0) if len(self.jobs) > 1 else self.jobs[0]
        tag = f'"{job["status"]}"'
        same = request.headers["If-None-Match"] == tag
        self._send(request, 304 if same else 200, "application/json", b"" if same else job, tag)

    def _send(
        self, request: BaseHTTPRequestHandler, status: int, kind: str, body: Any, tag: str = ""
    ) -> None:
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        request.send_response(status)
        request.send_header("Content-Type", kind)
        request.send_header("ETag", tag)
        # A stream that promises more than it sends is one that broke.
        broken = len(b" broken") if data.endswith(b"broken") else 0
        if status == 200:
            request.send_header("Content-Length", str(len(data) + broken))
        request.end_headers()
        request.wfile.write(data)


@pytest.fixture
def server() -> Iterator[Server]:
    """A local server, to be filled."""
    made = Server(jobs=[{"status": "running", "progress": {"fraction": 0.5}}])
    with serving(made.answer) as url:
        made.url = url.rpartition("/")[0]
        yield made


@pytest.fixture
def client(server: Server) -> Iterator[Client]:
    """A client that hardly waits."""
    with Client(server.url, "t", retries=Retries(first=0.001)) as made:
        yield made


def test_a_stream_is_yielded_as_it_comes(server: Server, client: Client) -> None:
    """Events with their numbers, progress without; heartbeats are nobody's business."""
    body = b": heartbeat\n\n" + frame(event(1, "running")) + progress(0.25)
    server.streams = [body + b": heartbeat\n\n" + frame(event(2, "succeeded"))]
    told = list(client.follow("j"))
    assert [(e["seq"], e["type"]) for e in told] == [
        (1, "running"), (None, "progress"), (2, "succeeded"),
    ]  # fmt: skip
    assert told[1]["data"] == {"fraction": 0.25}
    assert server.asked == [("/events", None, None)], "the end is known without asking"


def test_a_stream_that_breaks_goes_on_behind_its_last_event(server: Server, client: Client) -> None:
    """Last-Event-ID says which; what comes twice is told once; half a frame is no event."""
    half = b"id: 2\nevent: epoch\ndata: broken"
    server.streams = [frame(event(1)) + half, frame(event(1)) + frame(event(2, "failed"))]
    assert [e["seq"] for e in client.follow("j")] == [1, 2]
    assert [last for _, last, _ in server.asked] == [None, "1"]


def test_nothing_more_to_come_ends_it(server: Server, client: Client) -> None:
    """204, also at the first question."""
    server.streams = [frame(event(7))]
    assert [e["seq"] for e in client.follow("j", after=6)] == [7]
    assert [last for _, last, _ in server.asked] == ["6", "7"]
    assert list(client.follow("j", after=7)) == []


def test_empty_streams_end_with_the_job(server: Server, client: Client) -> None:
    """Streams without a single event are asked for again until the job has ended."""
    server.streams = [b"", b": heartbeat\n\n", b"", b""]
    server.jobs = [
        {"status": "running"}, {"status": "running"}, {"status": "cancelled"},
    ]  # fmt: skip
    assert list(client.follow("j")) == []
    assert len(server.streams) == 1


def test_pages_are_asked_for_where_too_many_listen(server: Server, client: Client) -> None:
    """Their 429 is not waited for."""
    server.refuses = True
    server.pages = [[event(1)]]
    server.jobs = [{"status": "failed", "progress": {}}]
    assert [e["seq"] for e in client.follow("j")] == [1, None]
    assert len(server.asked) == 3


def test_a_server_that_is_restarted_is_waited_for(server: Server, client: Client) -> None:
    """Longer than for a single answer, while a job is followed or waited for."""
    server.streams = [frame(event(1)), frame(event(2, "succeeded"))]
    server.away = 20
    assert [e["seq"] for e in client.follow("j")] == [1, 2]
    assert len(server.asked) == 22


def test_pages_are_asked_for_where_there_is_no_stream(
    server: Server, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each event once, progress when it changed; a job that did not change costs a 304."""
    monkeypatch.setattr("cli.client.events.POLL_SECONDS", 0.001)
    running = {"status": "running", "progress": {"fraction": 0.5}}
    done = {"status": "succeeded", "progress": {"fraction": 1.0}}
    server.jobs = [running, running, done]
    server.pages = [[event(1)], [], [event(2), event(3, "succeeded")]]
    told = [(e["seq"], e["type"]) for e in client.follow("j")]
    assert told == [
        (1, "epoch"), (None, "progress"), (2, "epoch"), (3, "succeeded"), (None, "progress"),
    ]  # fmt: skip
    paths = [path for path, _, _ in server.asked]
    assert paths[1:3] == ["", "/events?after=0&limit=1000"]
    assert paths[-1] == "/events?after=1&limit=1000"
    assert '"running"' in [tag for _, _, tag in server.asked]


def test_wait_polls_with_the_tag(
    server: Server, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A job that did not change costs a 304."""
    monkeypatch.setattr("cli.client.jobs.POLL_SECONDS", 0.001)
    server.jobs = [{"status": "running"}, {"status": "running"}, {"status": "failed"}]
    assert client.wait("j")["status"] == "failed"
    assert [tag for _, _, tag in server.asked] == [None, '"running"', '"running"']


def test_wait_has_an_end(server: Server, client: Client) -> None:
    """After so many seconds the job is left to itself."""
    with pytest.raises(TimeoutError, match="job j is still running after"):
        client.wait("j", seconds=0.1)


@pytest.mark.parametrize("size", [1, 2, 7, 1000])
def test_frames_may_be_cut_anywhere(size: int) -> None:
    """Line ends of both kinds, data in two lines, and what only Python takes for line ends."""
    data = json.dumps(event(1, text="a\u2028b\u0085c道"), ensure_ascii=False)
    first, second = data[:10], data[10:]
    head, tail = first.rpartition(" ")[0], first.rpartition(" ")[2] + second
    sent = (
        f"id: 1\r\nevent: epoch\r\ndata:{head}\r\ndata: {tail}\r\n\r\n: beat\n\nid: 2\n\n".encode()
    )
    pieces = (sent[at : at + size] for at in range(0, len(sent), size))
    assert list(events(pieces)) == [event(1, text="a\u2028b\u0085c道")]


def test_an_event_that_is_no_json() -> None:
    """It is the server's failure, and shown."""
    with pytest.raises(ServerFailed, match="<html>"):
        list(events([b"data: <html>\n\n"]))
