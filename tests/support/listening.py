"""Many listeners on one job, each of them cut off and come again at random."""

import asyncio
import http.client
import random
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from statistics import median
from urllib.parse import urlsplit

# How long a listener stays before it is cut off, in seconds.
SHORTEST, LONGEST = 1.0, 12.0
REFUSED_SECONDS = 0.5
# Between two questions for the job.
ASK_SECONDS = 0.05


@dataclass
class Listener:
    """One who listens to a job, and which events it was sent, in their order."""

    url: str
    token: str
    job_id: str
    rng: random.Random
    seen: list[int] = field(default_factory=list)
    times: int = 0

    async def listen(self) -> None:
        """Listen, be cut off, come again, until nothing more will come."""
        while await self._once():
            self.times += 1

    async def _once(self) -> bool:
        """Listen for a while; tell whether to come again."""
        address = urlsplit(self.url)
        reader, writer = await asyncio.open_connection(address.hostname, address.port)
        try:
            writer.write(self._request())
            async with asyncio.timeout(self.rng.uniform(SHORTEST, LONGEST)):
                status = int((await reader.readline()).split()[1])
                # 429 while those that were cut off are still counted: it says to come again.
                assert status in (200, 204, 429), status
                if status == 429:
                    await asyncio.sleep(REFUSED_SECONDS)
                if status == 200:
                    await self._read(reader)
                return status != 204
        except TimeoutError:
            return True
        finally:
            # At once, with what was not read: as if its machine were gone.
            writer.transport.abort()

    async def _read(self, reader: asyncio.StreamReader) -> None:
        number = 0
        while line := await reader.readline():
            if line.startswith(b"id: "):
                number = int(line[4:])
            elif line == b"\n" and number:
                # Only what came whole counts, as in a browser.
                self.seen.append(number)
                number = 0

    def _request(self) -> bytes:
        last = self.seen[-1] if self.seen else 0
        # HTTP/1.0: the answer comes without the frames of chunks.
        return (
            f"GET /api/v1/jobs/{self.job_id}/events HTTP/1.0\r\nHost: 127.0.0.1\r\n"
            f"Authorization: Bearer {self.token}\r\nAccept: text/event-stream\r\n"
            f"Last-Event-ID: {last}\r\n\r\n"
        ).encode()


class Poller:
    """Asks for a job again and again in a thread, and notes how long each answer took."""

    def __init__(self, url: str, token: str, job_id: str):
        self._address, self._path = urlsplit(url), f"/api/v1/jobs/{job_id}"
        self._headers = {"Authorization": f"Bearer {token}"}
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._ask)
        self.seconds: list[float] = []

    def __enter__(self) -> "Poller":
        """Begin to ask."""
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Stop."""
        self._done.set()
        self._thread.join()

    @property
    def median(self) -> float:
        """Seconds of an answer, in the median."""
        return median(self.seconds)

    def _ask(self) -> None:
        connection = http.client.HTTPConnection(
            self._address.hostname or "", self._address.port, timeout=30
        )
        while not self._done.wait(ASK_SECONDS):
            begun = time.monotonic()
            try:
                connection.request("GET", self._path, headers=self._headers)
                answer = connection.getresponse()
            except http.client.RemoteDisconnected:
                # This thread did not get its turn for as long as the server keeps connections.
                connection.close()
                continue
            answer.read()
            assert answer.status == 200, answer.status
            self.seconds.append(time.monotonic() - begun)
        connection.close()


def listen_all(url: str, token: str, job_id: str, count: int, seed: int = 0) -> list[Listener]:
    """Let so many listen to a job until it has ended; return them."""
    listeners = [
        Listener(url, token, job_id, random.Random(seed * 10_000 + n)) for n in range(count)
    ]

    async def run() -> None:
        await asyncio.gather(*(listener.listen() for listener in listeners))

    # In a thread of its own: the browser's tests leave an event loop in this one.
    with ThreadPoolExecutor(1, "listeners") as alone:
        alone.submit(lambda: asyncio.run(run())).result()
    return listeners
