"""A job's events as they come: server-sent, or asked for again and again."""

import json
from collections.abc import Iterable, Iterator
from contextlib import closing, suppress
from typing import Any

import httpx

from cli.client.connection import Connection, Json
from cli.errors import Refused, ServerFailed

ENDED = ("succeeded", "failed", "cancelled")
STREAM = "text/event-stream"
POLL_SECONDS = 0.5


class Following:
    """The events of the job at ``path`` from behind number ``after``: iterate over it once.

    What has no number (``seq`` is None) is sent for the last of its kind alone: ``progress`` with
    the job's progress, and from a stream ``sample_text`` with the growing text of a sample.
    """

    def __init__(self, connection: Connection, path: str, after: int = 0):
        self._connection, self._path, self._after = connection, path, after
        self._last = ""

    def __iter__(self) -> Iterator[Json]:
        """Yield events until the job has ended. Raises what asking raises."""
        tries = 0
        while True:
            with closing(self._ask()) as response:
                if response.status_code == httpx.codes.NO_CONTENT:
                    return
                if not response.headers.get("Content-Type", "").startswith(STREAM):
                    break
                before = self._after
                yield from self._streamed(response)
            if self._has_ended(self._after > before):
                return
            tries = 0 if self._after > before else tries + 1
            self._connection.sleep(self._connection.retries.pause(tries))
        yield from self._polled()

    def _ask(self) -> httpx.Response:
        headers = {"Accept": STREAM, "Cache-Control": "no-cache"}
        if self._after:
            headers["Last-Event-ID"] = str(self._after)
        path = f"{self._path}/events"
        try:
            # Where too many listen already (429) there are the pages, at once.
            return self._connection.endure(
                lambda: self._connection.ask("GET", path, stream=True, headers=headers, busy=[503])
            )
        except Refused as error:
            if error.status != httpx.codes.TOO_MANY_REQUESTS:
                raise
            return httpx.Response(error.status)

    def _streamed(self, response: httpx.Response) -> Iterator[Json]:
        # A stream that breaks is asked for again, from behind the last event of it.
        with suppress(httpx.TransportError):
            for event in events(response.iter_bytes()):
                if self._is_new(event):
                    yield event

    def _is_new(self, event: Json) -> bool:
        if event["seq"] is None:
            return True
        if event["seq"] <= self._after:
            return False
        self._after, self._last = event["seq"], event["type"]
        return True

    def _has_ended(self, brought_something: bool) -> bool:
        """Tell whether a stream that ended did so because its job has."""
        if self._last in ENDED:
            return True
        return not brought_something and self._job("")[0]["status"] in ENDED

    def _job(self, tag: str) -> tuple[Json, str]:
        """Return the job and its tag; nothing of the job where it is as it was at ``tag``."""
        return changed(self._connection, self._path, tag)

    def _polled(self) -> Iterator[Json]:
        tag, progress = "", None
        while True:
            # The job first: what it did before it ended is then among the events.
            job, tag = self._job(tag)
            yield from self._pages()
            if job and job["progress"] != progress:
                progress = job["progress"]
                yield {"seq": None, "type": "progress", "created_at": None, "data": progress}
            if job and job["status"] in ENDED:
                return
            self._connection.sleep(POLL_SECONDS)

    def _pages(self) -> Iterator[Json]:
        has_more = True
        while has_more:
            page = self._page({"after": self._after, "limit": 1000})
            has_more = page["has_more"]
            yield from filter(self._is_new, page["data"])

    def _page(self, params: Json) -> Json:
        path = f"{self._path}/events"
        return self._connection.endure(lambda: self._connection.json("GET", path, params=params))


def changed(connection: Connection, path: str, tag: str) -> tuple[Json, str]:
    """Return what is at ``path`` and its tag; an empty answer where it is as it was at ``tag``."""
    headers = {"If-None-Match": tag} if tag else {}
    response = connection.endure(lambda: connection.ask("GET", path, headers=headers))
    if response.status_code == httpx.codes.NOT_MODIFIED:
        return {}, tag
    return connection.parsed(response), response.headers.get("ETag", "")


def events(pieces: Iterable[bytes]) -> Iterator[Json]:
    """Yield the events of a ``text/event-stream``; comments and what is cut short are left out.

    Raises ``ServerFailed`` for data that is no JSON.
    """
    fields: dict[str, list[str]] = {}
    for line in _lines(pieces):
        if line:
            name, _, value = line.partition(":")
            fields.setdefault(name, []).append(value.removeprefix(" "))
            continue
        if "data" in fields:
            yield _event(fields)
        fields = {}


def _event(fields: dict[str, list[str]]) -> Json:
    text = "\n".join(fields["data"])
    try:
        data: Any = json.loads(text)
    except ValueError as error:
        raise ServerFailed(f"the server sent an event that is no JSON: {text[:200]}") from error
    if "id" in fields:
        found: Json = data
        return found
    type_ = fields.get("event", ["message"])[-1]
    return {"seq": None, "type": type_, "created_at": None, "data": data}


def _lines(pieces: Iterable[bytes]) -> Iterator[str]:
    # By hand: str.splitlines would also cut at characters that JSON may hold, as U+2028.
    rest = b""
    for piece in pieces:
        *whole, rest = (rest + piece).split(b"\n")
        for line in whole:
            yield line.removesuffix(b"\r").decode("utf-8", "replace")
