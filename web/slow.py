"""Clients that take their time: a thread is theirs only while they send, or take their answer.

gunicorn's threads wait for a request that has begun for as long as its client likes, so some
hundred that never send their last line would be all that it serves.
"""

import errno
import socket
import struct
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from gunicorn.http.body import LengthReader
from gunicorn.http.unreader import SocketUnreader
from gunicorn.workers.gthread import ThreadWorker

# A head is small, and comes at once.
HEAD_SECONDS = 10.0
# A body may take as long as it needs, as long as it comes.
PATIENCE_SECONDS, LEAST_BYTES_A_SECOND = 20.0, 1000

# An answer may wait so long for its client to take some more of it, as nginx lets it.
TAKING_SECONDS = 60

# Of a body that was not read, gunicorn reads so much to keep the connection.
MOST_DRAINED = 60 * 1024


class Timed(SocketUnreader):  # type: ignore[misc]
    """Reads from a client, and knows how long it has waited for how much."""

    received, waited = 0, 0.0
    since: float | None = None

    def begin(self) -> None:
        """Forget what was read before: another body begins."""
        self.received, self.waited = 0, 0.0

    def chunk(self, size_hint: int | None = None) -> bytes:
        """Return what comes next."""
        self.since = began = time.monotonic()
        try:
            data: bytes = super().chunk(size_hint)
        finally:
            self.since = None
            self.waited += time.monotonic() - began
        self.received += len(data)
        return data

    def too_slow(self) -> bool:
        """Tell whether a thread has waited for too long for what came."""
        since = self.since
        if since is None:
            return False
        waited = self.waited + time.monotonic() - since
        return waited > max(PATIENCE_SECONDS, self.received / LEAST_BYTES_A_SECOND)


class PromptThreads(ThreadWorker):  # type: ignore[misc]
    """gunicorn's threads, which hang up on who sends a head or a body too slowly."""

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        # Of each connection in a thread, whether it is too slow with its head, or its body.
        self._too_slow: dict[Any, Callable[[], bool]] = {}

    def handle(self, conn: Any) -> Any:
        """Serve a request, from its first byte on."""
        last = time.monotonic() + HEAD_SECONDS
        self._too_slow[conn] = lambda: time.monotonic() > last
        try:
            goes_on = super().handle(conn)
        finally:
            self._too_slow.pop(conn, None)
        if goes_on is False:
            _close(conn)
        return goes_on

    def handle_request(self, req: Any, conn: Any) -> bool:
        """Serve a request whose head was read."""
        unreader = conn.parser.unreader
        # gunicorn makes it, and offers no way to have another one made.
        unreader.__class__ = Timed
        unreader.begin()
        _announce_the_end(req)
        self._too_slow[conn] = unreader.too_slow
        _let_wait(conn.sock)
        try:
            return bool(super().handle_request(req, conn))
        except BlockingIOError as error:
            # What was not taken is thrown away at once, not when the system gives it up.
            conn.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            raise BrokenPipeError(errno.EPIPE, "the client takes nothing of its answer") from error

    def murder_pending(self) -> None:
        """Hang up on the slow; this is called every second."""
        super().murder_pending()
        for conn, too_slow in list(self._too_slow.items()):
            if too_slow():
                # Its thread reads an end, and answers or closes as it does for whoever went away.
                with suppress(OSError):
                    conn.sock.shutdown(socket.SHUT_RD)


def _let_wait(sock: socket.socket) -> None:
    """Bound the wait of each piece that is sent: it fails with ``BlockingIOError`` then.

    The system goes on once a third of its buffer is free: a byte now and then is not enough.
    """
    seconds = struct.pack("ll", TAKING_SECONDS, 0)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, seconds)


def _close(conn: Any) -> None:
    """Close a connection in this thread, which may take two seconds of a client that does not.

    gunicorn would do so in the one thread that takes all connections.
    """
    conn.close(graceful=True)
    conn.close = lambda graceful=False: None


def _announce_the_end(req: Any) -> None:
    """Let an answer say that the connection closes where gunicorn will not read its body's rest."""
    plainly = req.should_close

    def should_close() -> bool:
        reader = req.body.reader
        left = reader.length if isinstance(reader, LengthReader) else 0
        return bool(plainly() or left > MOST_DRAINED)

    req.should_close = should_close
