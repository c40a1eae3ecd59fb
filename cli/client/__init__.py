"""A client of the API: what the ``charloom`` command speaks, for Python programs too.

It needs neither TensorFlow nor Flask::

    with Client("http://127.0.0.1:8000", token) as client:
        job = client.train(corpus_id, preset="fast", epochs=3)
        client.wait(job["id"])
"""

from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Self

import httpx

from cli.client import downloads
from cli.client.accounts import Accounts
from cli.client.answers import Answers
from cli.client.connection import Connection, Json, Retries
from cli.client.corpora import Corpora
from cli.client.imports import Imports
from cli.client.nodes import Nodes
from cli.client.retraining import Retraining
from cli.errors import Refused, ServerFailed, Unreachable

__all__ = ["Client", "Json", "Refused", "Retries", "ServerFailed", "Unreachable"]


class Client(Corpora, Answers, Imports, Retraining, Accounts, Nodes):
    """Talks to one installation.

    Every call raises ``UserError`` with the answer's reason when it is refused (``Refused``, with
    the answer's ``status`` and ``code``), and ``InternalError`` when the server fails
    (``ServerFailed``) or cannot be reached (``Unreachable``). Requests are sent again as
    ``Retries`` says. With ``team`` an administrator acts in another team. Jobs, corpora and the
    rest are what the API's JSON says of them.
    """

    def __init__(
        self,
        url: str,
        token: str,
        seconds: float = 60,
        retries: Retries | None = None,
        transport: httpx.BaseTransport | None = None,
        team: str | None = None,
    ):
        super().__init__(Connection(url, token, seconds, retries or Retries(), transport))
        if team:
            self._connection.act_in(team)

    def __enter__(self) -> Self:
        """Return the client."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        """Close the connections."""
        self.close()

    @property
    def url(self) -> str:
        """The installation's address."""
        return self._connection.url

    def close(self) -> None:
        """Close the connections."""
        self._connection.close()

    def presets(self) -> list[Json]:
        """Return the presets with their specs."""
        return list(self.listed("/presets"))

    def workers(self) -> Iterator[Json]:
        """Yield the worker processes, oldest first."""
        return self.listed("/workers")

    def download(self, path: str, target: Path) -> Path:
        """Write what ``path`` of the API answers to a file, or into a folder by the server's name.

        Return the file's path; it gets that name when it is whole. Raises ``UserError`` where it
        cannot be written.
        """
        return downloads.download(self._connection, path, target)

    def pieces(self, path: str) -> Iterator[bytes]:
        """Yield what ``path`` of the API answers, as it comes."""
        return downloads.pieces(self._connection, path)
