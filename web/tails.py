"""The end of each job that somebody listens to, kept in memory once a process.

A tail holds a job's last events as the bytes that every listener is sent. A listener knows the
number of the last event it was sent, and no more: so it can miss none and get none twice, however
slow it is.
"""

import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Row, select

from shared.db import Database
from shared.jobs.models import ENDED, Job, Status
from shared.jobs.queries import list_events
from shared.jobs.written import shortened, with_texts
from web.frames import event_frame, progress_frame

# What a tail keeps at most. Whoever is further behind reads the database.
MOST_FRAMES, MOST_BYTES = 512, 1024 * 1024
PAGE_ROWS = 200


@dataclass
class Tail:
    """What a job's listeners wait for. ``first`` is the number of the first event that is kept."""

    job_id: str
    listeners: int = 0
    first: int = 1
    frames: list[bytes] = field(default_factory=list)
    progress: bytes = b""
    # What is being written after an epoch: its number, the temperature, the text so far, and when
    # the last of it was written.
    sample: tuple[int, float, str, str | None] | None = None
    # Raised with each change of ``progress`` or ``sample``.
    version: int = 0
    over: bool = False
    loaded: bool = False
    news: threading.Condition = field(default_factory=threading.Condition)

    @property
    def seq(self) -> int:
        """The number of the last event that is known."""
        return self.first + len(self.frames) - 1

    def behind(self, seq: int) -> list[bytes] | None:
        """Return the frames behind event ``seq``; None where not all of them are kept."""
        with self.news:
            if seq + 1 < self.first:
                return None
            return self.frames[seq + 1 - self.first :]

    def wait(self, seq: int, version: int, seconds: float) -> bool:
        """Wait for something that is newer; tell whether there is."""
        with self.news:
            return self.news.wait_for(
                lambda: self.seq > seq or self.version != version or self.over, seconds
            )

    def add(self, frames: list[bytes], row: "Row[Any] | None") -> None:
        """Take the next events, and what the job's row says; None: the job is gone."""
        with self.news:
            self.frames += frames
            while len(self.frames) > MOST_FRAMES or sum(map(len, self.frames)) > MOST_BYTES:
                self.first += 1
                del self.frames[0]
            self.over = row is None or (row.status in ENDED and row.event_seq <= self.seq)
            if row is not None:
                self._take(row.status, dict(row.progress))
            self.loaded = True
            self.news.notify_all()

    def close(self) -> None:
        """Let whoever waits go."""
        with self.news:
            self.over = True
            self.news.notify_all()

    def _take(self, status: str, progress: dict[str, Any]) -> None:
        writes = progress.pop("sample", None) if status == Status.RUNNING else None
        sample = None
        if writes:
            which = progress["epoch"], float(writes["temperature"])
            sample = *which, writes["text"], writes.get("written_at")
        frame = progress_frame(progress)
        if (frame, sample) != (self.progress, self.sample):
            self.progress, self.sample = frame, sample
            self.version += 1


class Reader:
    """Reads what tails, and listeners who are far behind, lack."""

    def __init__(self, db: Database):
        self._db = db
        # Two that read for one tail at once would add its events twice.
        self._alone = threading.Lock()
        # So that many who are far behind leave connections to the other requests.
        self._few = threading.Semaphore(3)

    def load(self, tail: Tail) -> None:
        """Read a tail's last events, unless another listener has done so."""
        if not tail.loaded:
            self.refresh([tail])

    def refresh(self, tails: Sequence[Tail]) -> None:
        """Bring tails up to date."""
        columns = Job.id, Job.status, Job.event_seq, Job.progress
        query = select(*columns).where(Job.id.in_([tail.job_id for tail in tails]))
        with self._alone:
            with self._db.read() as session:
                rows = {row.id: row for row in session.execute(query)}
            for tail in tails:
                self._refresh(tail, rows.get(tail.job_id))

    def page(self, job_id: str, seq: int) -> list[bytes]:
        """Return the frames of the next events behind ``seq``, not always all of them."""
        with self._few:
            with self._db.read() as session:
                rows = list_events(session, job_id, after=seq, limit=PAGE_ROWS)
            rows = shortened(rows)
            data = with_texts(self._db, job_id, rows.data)
        return [event_frame(row, told) for row, told in zip(rows.data, data, strict=True)]

    def _refresh(self, tail: Tail, row: "Row[Any] | None") -> None:
        if not tail.loaded and row is not None:
            # Whoever wants what is older reads it himself.
            tail.first = max(1, row.event_seq - PAGE_ROWS + 1)
        frames: list[bytes] = []
        while row is not None and tail.seq + len(frames) < row.event_seq:
            more = self.page(tail.job_id, tail.seq + len(frames))
            if not more:
                return
            frames += more
        tail.add(frames, row)
