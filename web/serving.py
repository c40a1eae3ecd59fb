"""How gunicorn serves the application: ``gunicorn --config python:web.serving``.

A listener holds a thread for as long as a job runs. Threads that wait cost little, and work that
takes long, as telling the encoding of a large text, holds up nobody in them, while in one of
gevent's workers it would hold up all. See ``benchmarks/listeners.py``.
"""

import os
from pathlib import Path
from typing import Any

from web.context import Services
from web.listeners import MOST_LISTENERS

# Heartbeat files where no slow disk can hold them up.
MEMORY_FOLDER = Path("/dev/shm")  # noqa: S108
REQUEST_THREADS = 64

wsgi_app = "web:create_app()"
workers = 2
worker_class = "gthread"
threads = MOST_LISTENERS + REQUEST_THREADS
worker_connections = 2 * threads
# Seconds that requests in flight are given when the server stops; listeners are sent away.
graceful_timeout = 5
control_socket_disable = True
worker_tmp_dir = str(MEMORY_FOLDER) if os.access(MEMORY_FOLDER, os.W_OK) else None


def post_worker_init(worker: Any) -> None:
    """Have listeners sent away when a worker is told to stop."""
    services: Services = worker.wsgi.extensions["charloom"]
    services.listeners.closing = lambda: not worker.alive
