"""What the load and its checks need of a service, on however many hosts it runs."""

from typing import Protocol

from cli.client import Client
from shared.db import Database
from tests.chaos.api import Api


class Served(Protocol):
    """A running service: its database, and the ways in."""

    @property
    def db(self) -> Database:
        """Its database."""

    def api(self) -> Api:
        """Return a patient caller of its API; close it."""

    def client(self) -> Client:
        """Return a client of its API; close it."""
