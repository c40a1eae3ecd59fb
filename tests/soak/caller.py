"""One user's connection: every answer is noted and judged."""

import asyncio
import random
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx

from shared.db import Database
from tests.soak.people import Person
from tests.soak.tally import Expected, Tally
from tests.soak.town import Club, Town

API, METRICS = "/api/v1", "/metrics"
# A pages' answer may wait ten seconds for a worker.
TIMEOUT = 60.0


class Caller:
    """Somebody who asks, with a seed of their own."""

    def __init__(self, url: str, person: Person, town: Town, tally: Tally, seed: str, db: Database):
        self.url, self.person, self.town, self.tally, self.db = url, person, town, tally, db
        self.rng = random.Random(f"{seed} {person.name}")
        self.etags: dict[str, str] = {}
        # Of the pages' forms; none: not signed in.
        self.form_token: str | None = None
        self.http = httpx.AsyncClient(
            base_url=url, timeout=TIMEOUT, trust_env=False,
        )  # fmt: skip

    @property
    def club(self) -> Club:
        """What the user's team has."""
        return self.town.club(self.person)

    async def api(
        self, kind: str, method: str, path: str, expected: Expected, **more: Any
    ) -> httpx.Response | None:
        """Ask the API with the user's token, or with ``token``."""
        token = more.pop("token", self.person.token)
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        headers |= more.pop("headers", {})
        path = path if path == METRICS else API + path
        return await self.ask(kind, method, path, expected, headers=headers, **more)

    async def ask(
        self, kind: str, method: str, path: str, expected: Expected, **more: Any
    ) -> httpx.Response | None:
        """Return the whole answer, judged; None where the connection broke."""
        begun = time.monotonic()
        try:
            answer = await self.http.request(method, path, **more)
        except httpx.TransportError as error:
            self.broke(kind, f"{method} {path}", error)
            return None
        self.tally.add(kind, answer.status_code, time.monotonic() - begun)
        self.tally.judge(kind, answer, expected, said(answer))
        return answer

    def broke(self, kind: str, asked: str, error: Exception) -> None:
        """Complain of a connection that broke."""
        self.tally.broken += 1
        self.tally.complain(f"{kind}: {asked}: {error!r}")

    @asynccontextmanager
    async def stream(
        self, kind: str, path: str, expected: Expected, headers: dict[str, str]
    ) -> AsyncIterator[httpx.Response]:
        """Open an answer that lasts; its end is the caller's."""
        begun = time.monotonic()
        asked = headers | {"Accept": "text/event-stream"}
        async with self.http.stream("GET", path, headers=asked) as answer:
            self.tally.add(kind, answer.status_code, time.monotonic() - begun)
            if answer.is_error:
                await answer.aread()
            self.tally.judge(kind, answer, expected, said(answer))
            yield answer

    async def raw(self, kind: str, sent: bytes, wait: float) -> int | None:
        """Send bytes that may be no whole request; return the status, if one came in time."""
        address = httpx.URL(self.url)
        begun = time.monotonic()
        reader, writer = await asyncio.open_connection(address.host, address.port)
        try:
            writer.write(sent)
            async with asyncio.timeout(wait):
                line = await reader.readline()
        except (TimeoutError, ConnectionError):
            return None
        finally:
            writer.transport.abort()
        if not line:
            return None
        status = int(line.split()[1])
        self.tally.add(kind, status, time.monotonic() - begun)
        return status


def said(answer: httpx.Response) -> str:
    """Return what an error says of itself."""
    if not answer.is_error:
        return ""
    told = answer.text if "json" in answer.headers.get("Content-Type", "") else ""
    return told[:300] or answer.reason_phrase
