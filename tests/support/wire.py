"""Requests written by hand, byte for byte, and their answers."""

import socket
from contextlib import suppress

from tests.support.web_server import TOKEN

AUTH = f"Authorization: Bearer {TOKEN}\r\n".encode()
JSON = b"Content-Type: application/json\r\n"
FORM = b"Content-Type: multipart/form-data; boundary=B\r\n"
PART = b'--B\r\nContent-Disposition: form-data; name="%b"\r\n\r\nx\r\n'


def sent(port: int, data: bytes) -> tuple[int, dict[str, str], bytes]:
    """Send bytes as they are; return the answer's status, headers and body."""
    with socket.create_connection(("127.0.0.1", port), 10) as connection:
        connection.sendall(data)
        # A server that has refused what is too large may have hung up by now.
        with suppress(OSError):
            connection.shutdown(socket.SHUT_WR)
        got = b"".join(iter(lambda: connection.recv(65536), b""))
    head, _, body = got.partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
    return int(first.split()[1]), headers, body


def request(
    line: bytes, headers: bytes = b"", body: bytes = b"", host: bytes = b"localhost"
) -> bytes:
    """Return a request with the token."""
    size = b"Content-Length: %d\r\n" % len(body) if body else b""
    head = b"%b HTTP/1.1\r\nHost: %b\r\nConnection: close\r\n" % (line, host)
    return head + AUTH + headers + size + b"\r\n" + body


def get(path: bytes, **more: bytes) -> bytes:
    """Return a GET."""
    return request(b"GET /api/v1" + path, **more)


def post(headers: bytes, body: bytes, path: bytes = b"/corpora") -> bytes:
    """Return a POST."""
    return request(b"POST /api/v1" + path, headers, body)
