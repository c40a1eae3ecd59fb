"""A small HTTP server on this machine that behaves as a test wants."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

Answer = Callable[[BaseHTTPRequestHandler], None]


def sends(body: bytes, status: int = 200) -> Answer:
    """Answer with ``body``."""

    def answer(request: BaseHTTPRequestHandler) -> None:
        request.send_response(status)
        request.send_header("Content-Length", str(len(body)))
        request.end_headers()
        request.wfile.write(body)

    return answer


def hangs(until: threading.Event) -> Answer:
    """Take the request and say nothing until the test is over."""

    def answer(_request: BaseHTTPRequestHandler) -> None:
        until.wait(30)

    return answer


def drips(until: threading.Event) -> Answer:
    """Send a byte now and then, so that no single read takes long."""

    def answer(request: BaseHTTPRequestHandler) -> None:
        request.send_response(200)
        request.end_headers()
        try:
            while not until.wait(0.1):
                request.wfile.write(b"x" * 10)
                request.wfile.flush()
        except OSError:
            return

    return answer


@contextmanager
def serving(answer: Answer) -> Iterator[str]:
    """Serve ``answer`` to every request; yield the address."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            answer(self)

        do_POST = do_GET  # noqa: N815

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            """Keep the test's output clean."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/shakespeare.txt"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
