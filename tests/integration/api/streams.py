"""Streams of events, as a client of the API in the test's own process hears them."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from tests.integration.api.client import PREFIX, TOKEN, Api

STREAM = {"Accept": "text/event-stream"}

Frame = dict[str, Any]


class Stream:
    """An answer that goes on, frame by frame."""

    def __init__(self, pieces: Iterator[bytes]):
        self._pieces, self._text = pieces, ""

    def next(self) -> Frame:
        """Return the next frame that is neither a comment nor advice about coming again."""
        while True:
            while "\n\n" not in self._text:
                self._text += next(self._pieces).decode()
            frame, _, self._text = self._text.partition("\n\n")
            if "data: " in frame:
                found: Frame = dict(line.split(": ", 1) for line in frame.split("\n"))
                return found | {"data": json.loads(found["data"])}

    def until(self, type_: str) -> Frame:
        """Return the next frame of a type."""
        while (frame := self.next())["event"] != type_:
            pass
        return frame

    def rest(self) -> list[Frame]:
        """Return all frames to the end of the answer."""
        frames = []
        try:
            while True:
                frames.append(self.next())
        except StopIteration:
            return frames


@contextmanager
def listening(api: Api, job_id: str, **headers: str) -> Iterator[Stream]:
    """Listen to a job until the block ends."""
    answer = api.client.get(
        f"{PREFIX}/jobs/{job_id}/events",
        headers={"Authorization": f"Bearer {TOKEN}"} | STREAM | headers,
        buffered=False,
    )
    assert answer.status_code == 200, answer.text
    assert answer.mimetype == "text/event-stream"
    try:
        yield Stream(iter(answer.iter_encoded()))
    finally:
        answer.close()
