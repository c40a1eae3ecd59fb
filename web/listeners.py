"""Listeners: each is a request that is answered for as long as its job runs.

One thread a process follows the jobs that are listened to. A listener holds a thread of the web
server, and neither a connection of the database nor one of Redis.
"""

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator

import structlog
from sqlalchemy.exc import SQLAlchemyError

from shared.db import Database
from shared.errors import TooManyListeners
from shared.waking import Doorbell
from web.frames import HEARTBEAT, RETRY, sample_frame
from web.standing import Standing, Standings
from web.tails import Reader, Tail

# Without news, a comment is sent so often: who went away is noticed by it.
HEARTBEAT_SECONDS = 15.0
# A wake may be lost: all that is listened to is looked at so often.
LOOK_SECONDS = 2.0
# News that come within this time are read together.
GATHER_SECONDS = 0.02
# Of the web server's threads, the rest is for other requests.
MOST_LISTENERS = 512
# So that nobody takes them all; a user's tokens and sessions together.
MOST_OF_A_USER = 96

log = structlog.get_logger(__name__)


class Listeners:
    """All listeners of this process, and the thread that reads for them while there are any.

    ``closing`` tells that the web server stops: then every answer ends. Who may no longer listen
    is sent away within a heartbeat.
    """

    def __init__(self, db: Database, doorbell: Callable[[], Doorbell]):
        self._reader, self._doorbell = Reader(db), doorbell
        self._standings = Standings(db)
        self._tails: dict[str, Tail] = {}
        self._of_users = Counter[str | None]()
        self._lock = threading.Lock()
        self._running = False
        self.closing: Callable[[], bool] = lambda: False

    def check_room(self, who: Standing) -> None:
        """Raise ``TooManyListeners`` where this process can serve no more, or no more of a user."""
        with self._lock:
            listening = sum(tail.listeners for tail in self._tails.values())
            own = self._of_users[who.user_id] if who.user_id else 0
        if listening >= MOST_LISTENERS or own >= MOST_OF_A_USER:
            raise TooManyListeners

    def listen(self, job_id: str, seq: int, who: Standing) -> Iterator[bytes]:
        """Yield what happens to a job behind event ``seq``, until it has ended."""
        tail = self._enter(job_id, who)
        try:
            self._reader.load(tail)
            yield RETRY
            asked = time.monotonic()
            for frames in self._told(tail, seq):
                # Also while there is news all the time, so that none comes between heartbeats.
                if time.monotonic() - asked >= HEARTBEAT_SECONDS or frames == HEARTBEAT:
                    if not self._may_listen(who):
                        return
                    asked = time.monotonic()
                yield frames
        except SQLAlchemyError as error:
            # The answer has begun: it ends, and whoever listens comes again with what he has.
            log.warning("listener sent away: the database is away", error=str(error))
        finally:
            self._leave(tail, who)

    def _may_listen(self, who: Standing) -> bool:
        try:
            return self._standings.hold(who)
        except SQLAlchemyError:
            # Nothing new can be told meanwhile either.
            return True

    def _told(self, tail: Tail, seq: int) -> Iterator[bytes]:
        version, progress = -1, b""
        # Which sample was told of last, and how many characters of it.
        shown: tuple[tuple[int, float] | None, int] = None, 0
        while not self.closing() and (frames := self._events(tail, seq)) is not None:
            if frames:
                yield b"".join(frames)
                seq += len(frames)
            elif tail.version != version:
                version = tail.version
                if progress != tail.progress:
                    yield (progress := tail.progress)
                if sample := tail.sample:
                    *_, text, written_at = sample
                    start = shown[1] if shown[0] == sample[:2] else 0
                    shown = sample[:2], len(text)
                    yield sample_frame(*sample[:2], start, text[start:], written_at)
            elif tail.over:
                return
            elif not tail.wait(seq, version, HEARTBEAT_SECONDS):
                yield HEARTBEAT

    def _events(self, tail: Tail, seq: int) -> list[bytes] | None:
        """Return the events behind ``seq``: those that are kept, or a page from the database.

        None where there were some and are none any more, as of a job that was deleted meanwhile.
        """
        kept = tail.behind(seq)
        return (self._reader.page(tail.job_id, seq) or None) if kept is None else kept

    def _enter(self, job_id: str, who: Standing) -> Tail:
        with self._lock:
            self._of_users[who.user_id] += 1
            tail = self._tails.setdefault(job_id, Tail(job_id))
            tail.listeners += 1
            if not self._running:
                self._running = True
                threading.Thread(target=self._run, name="tails", daemon=True).start()
        return tail

    def _leave(self, tail: Tail, who: Standing) -> None:
        with self._lock:
            self._of_users[who.user_id] -= 1
            # Only those who listen are kept.
            self._of_users += Counter()
            tail.listeners -= 1
            if not tail.listeners:
                self._tails.pop(tail.job_id, None)

    def _run(self) -> None:
        doorbell, looked = self._doorbell(), time.monotonic()
        while self._goes_on():
            heard = doorbell.wait(LOOK_SECONDS / 2)
            if heard is None or time.monotonic() - looked > LOOK_SECONDS:
                heard, looked = None, time.monotonic()
            self._refresh(heard)
            time.sleep(GATHER_SECONDS)
        doorbell.close()

    def _goes_on(self) -> bool:
        """Tell whether anybody listens; if not, or if the server stops, the thread ends."""
        with self._lock:
            if self.closing():
                for tail in self._tails.values():
                    tail.close()
            self._running = bool(self._tails) and not self.closing()
            return self._running

    def _refresh(self, job_ids: set[str] | None) -> None:
        """Read what is new of these jobs, or of all that are listened to."""
        with self._lock:
            tails = [t for t in self._tails.values() if job_ids is None or t.job_id in job_ids]
        try:
            if tails:
                self._reader.refresh(tails)
        except Exception as error:
            # Whatever it is, this thread goes on: nobody else reads for the listeners.
            log.warning("listeners wait, what is new was not read", error=str(error))
            time.sleep(1)
