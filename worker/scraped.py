"""Where Prometheus asks a worker: a small HTTP server in the parent of the pool's processes.

It only reads the files in which the processes count. Its thread holds no lock that a forked process
could need: the parent itself counts nothing.
"""

import hmac
import socket
import threading
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any
from wsgiref.simple_server import WSGIServer, make_server

import structlog
from prometheus_client import CONTENT_TYPE_LATEST
from prometheus_client.exposition import ThreadingWSGIServer, _SilentHandler

from shared.meters import told
from shared.queue import QUEUES

log = structlog.get_logger(__name__)

# After a crash the processes that are left hold the port for a moment.
RETRY_SECONDS = 2.0
Start = Callable[[str, list[tuple[str, str]]], Any]


class Scraped:
    """Tells what a worker counts, from ``start`` to ``end``."""

    def __init__(self, host: str, port: int, folder: Path, token: str | None = None):
        self._place, self._folder, self._token = (host, port), folder, token
        self._server: WSGIServer | None = None
        self._done = threading.Event()

    def start(self) -> None:
        """Begin, as soon as the port is free."""
        threading.Thread(target=self._serve, name="metrics", daemon=True).start()

    def end(self) -> None:
        """Stop."""
        self._done.set()
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()

    def forget(self) -> None:
        """Let go of the port, in a process that was forked meanwhile."""
        if self._server is not None:
            self._server.socket.close()

    def answer(self, environ: dict[str, Any], start: Start) -> Iterable[bytes]:
        """Answer a request, as WSGI has it."""
        if environ["PATH_INFO"] != "/metrics":
            return _said(start, "404 Not Found", b"there is only /metrics\n")
        if not self._may_ask(environ.get("HTTP_AUTHORIZATION", "")):
            return _said(start, "401 Unauthorized", b"a bearer token is wanted\n")
        return _said(start, "200 OK", told(folder=self._folder), CONTENT_TYPE_LATEST)

    def _may_ask(self, given: str) -> bool:
        if self._token is None:
            return True
        scheme, _, text = given.partition(" ")
        same = hmac.compare_digest(text.strip().encode("latin-1"), self._token.encode())
        return scheme.lower() == "bearer" and same

    def _serve(self) -> None:
        told_so = False
        while not self._done.is_set():
            try:
                server = make_server(*self._place, self.answer, _class_for(self._place[0]),
                                     handler_class=_SilentHandler)  # fmt: skip
            except OSError as error:
                if not told_so:
                    log.warning(
                        "metrics wait for their port", port=self._place[1], error=str(error)
                    )
                told_so = True
                self._done.wait(RETRY_SECONDS)
                continue
            self._server = server
            log.info("metrics are told", host=self._place[0], port=server.server_port)
            server.serve_forever()
            return


def port_for(port: int, queues: set[str]) -> int:
    """Return the port of a worker: workers of one machine read the same setting."""
    return port + min((QUEUES.index(queue) for queue in queues & set(QUEUES)), default=0)


def _class_for(host: str) -> type[WSGIServer]:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    return type("Server", (ThreadingWSGIServer,), {"address_family": family})


def _said(start: Start, status: str, body: bytes, kind: str = "text/plain") -> Iterable[bytes]:
    headers = [("Content-Type", kind), ("Content-Length", str(len(body)))]
    if status.startswith("401"):
        headers.append(("WWW-Authenticate", 'Bearer realm="charloom"'))
    start(status, headers)
    return [body]
