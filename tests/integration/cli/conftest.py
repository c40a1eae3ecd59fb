"""The client and the command against the real application, over HTTP and a real database."""

import threading
from collections.abc import Callable, Iterator

import pytest
from click.testing import CliRunner, Result
from werkzeug.serving import WSGIRequestHandler, make_server

from cli.client import Client
from cli.main import main
from shared.queue import FakeTickets
from shared.settings import Settings
from tests.support.apps import make_app
from tests.support.on_sqlite import database_url  # noqa: F401  (the API's tests ask both)

Charloom = Callable[..., Result]
TOKEN = "test-token"


class Silent(WSGIRequestHandler):
    """Keeps the test's output clean."""

    def log(self, type: str, message: str, *args: object) -> None:  # noqa: A002
        """Say nothing."""


@pytest.fixture
def url(settings: Settings, tickets: FakeTickets) -> Iterator[str]:
    """The address at which the application answers."""
    app = make_app(settings, tickets)
    server = make_server("127.0.0.1", 0, app, threaded=True, request_handler=Silent)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()
    app.extensions["charloom"].db.close()


@pytest.fixture
def client(url: str) -> Iterator[Client]:
    """A client of the application."""
    with Client(url, TOKEN) as made:
        yield made


@pytest.fixture
def charloom(url: str) -> Charloom:
    """Run the command against the application; it must end with exit code ``code``."""

    def run(*words: str, code: int = 0, stdin: bytes = b"") -> Result:
        env = {"CHARLOOM_URL": url, "CHARLOOM_TOKEN": TOKEN}
        done = CliRunner().invoke(main, words, input=stdin, env=env)
        assert done.exit_code == code, (words, done.output, done.exception)
        return done

    return run
