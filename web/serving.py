"""How gunicorn serves the application: ``gunicorn --config python:web.serving``.

What is no HTTP, or longer than gunicorn reads, never comes to the application: gunicorn's own
answers are made problems here, too.

A listener holds a thread for as long as a job runs. Threads that wait cost little, and work that
takes long, as telling the encoding of a large text, holds up nobody in them, while in one of
gevent's workers it would hold up all. See ``benchmarks/listeners.py``.
"""

import json
import logging
import os
import socket
from http import HTTPStatus
from typing import Any

from gunicorn import util
from gunicorn.glogging import Logger as GunicornLogger

from shared.memory import give_back_every, give_back_soon
from shared.meters import MEMORY_FOLDER, SharedFolder
from shared.redaction import Redacting
from web.context import Services
from web.errors import Answer, code_of, problem
from web.headers import bare_headers
from web.listeners import MOST_LISTENERS
from web.metrics import FOLDER

REQUEST_THREADS = 64
# It takes up to tenths of a second, the more the more pieces are free.
GIVE_BACK_SECONDS = 30


class Logger(GunicornLogger):  # type: ignore[misc]
    """Gunicorn's log, which shows the addresses of requests that fail: without their secrets."""

    def setup(self, cfg: Any) -> None:
        """Set up the handlers."""
        super().setup(cfg)
        for handler in self.error_log.handlers:
            handler.setFormatter(Redacting(handler.formatter or logging.Formatter()))


wsgi_app = "web:create_app()"
logger_class = Logger
# Who asks for what stands in the audit log; addresses may have secrets in them.
accesslog = None
workers = 2
worker_class = "web.slow.PromptThreads"
threads = MOST_LISTENERS + REQUEST_THREADS
worker_connections = 2 * threads
# Python waits for ever for a client to take some of a file that the system sends: see web/slow.py.
sendfile = False
# Seconds that requests in flight are given when the server stops; listeners are sent away.
graceful_timeout = 5
# Room for `GET /jobs` with a hundred ids and all filters.
limit_request_line = 8190
# Longer than programs keep a connection for their next request (httpx: five seconds): one that is
# sent while the server closes is answered by nobody.
keepalive = 15
control_socket_disable = True
# Heartbeat files where no slow disk can hold them up.
worker_tmp_dir = str(MEMORY_FOLDER) if os.access(MEMORY_FOLDER, os.W_OK) else None


# Where the workers count together; made by their parent, which is not asked anything itself.
meters: SharedFolder | None = None


def on_starting(_: Any) -> None:
    """Have all workers, which are forked later, give memory back, and count together."""
    global meters
    give_back_soon()
    meters = SharedFolder()


def on_exit(_: Any) -> None:
    """Delete what the workers counted."""
    if meters is not None:
        meters.remove()


def post_worker_init(worker: Any) -> None:
    """Have listeners sent away when a worker is told to stop, and free memory given back."""
    extensions = worker.wsgi.extensions
    extensions[FOLDER] = meters and meters.path
    services: Services = extensions["charloom"]
    services.listeners.closing = lambda: not worker.alive
    give_back_every(GIVE_BACK_SECONDS)


def write_problem(client: socket.socket, status: int, reason: str, message: str) -> None:
    """Answer what gunicorn refuses by itself, and close."""
    body = json.dumps(problem(Answer(status, code_of(status), message or reason)))
    head = (
        f"HTTP/1.1 {status} {HTTPStatus(status).phrase}\r\n"
        "Connection: close\r\n"
        "Content-Type: application/problem+json\r\n"
        f"Content-Length: {len(body)}\r\n"
    )
    head += "".join(f"{name}: {value}\r\n" for name, value in bare_headers().items()) + "\r\n"
    util.write_nonblock(client, (head + body).encode())


# There is no setting for it; it is called by this name.
util.write_error = write_problem
