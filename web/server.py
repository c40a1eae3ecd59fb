"""Settings of gunicorn, beside its command line: ``--config python:web.server``.

What is no HTTP, or longer than gunicorn reads, never comes to the application: here gunicorn's own
answers become problems, too.
"""

import json
import socket
from http import HTTPStatus

from gunicorn import util

from web.errors import Answer, code_of, problem

# Room for `GET /jobs` with a hundred ids and all filters.
limit_request_line = 8190


def write_problem(client: socket.socket, status: int, reason: str, message: str) -> None:
    """Answer what gunicorn refuses by itself, and close."""
    body = json.dumps(problem(Answer(status, code_of(status), message or reason)))
    head = (
        f"HTTP/1.1 {status} {HTTPStatus(status).phrase}\r\n"
        "Connection: close\r\n"
        "Content-Type: application/problem+json\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    util.write_nonblock(client, (head + body).encode())


# There is no setting for it; it is called by this name.
util.write_error = write_problem
