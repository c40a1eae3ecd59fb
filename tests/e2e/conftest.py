"""The whole service, started as a user starts it."""

from collections.abc import Iterator

import pytest

from cli.client import Client
from tests.support.stacks import Stack, running_stack


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """``charloom up`` on a free port and a new data folder; ended by Ctrl-C, leaving nothing."""
    with running_stack(tmp_path_factory.mktemp("stack") / "data") as running:
        yield running


@pytest.fixture
def client(stack: Stack) -> Iterator[Client]:
    """A client of the stack's API."""
    with stack.client() as connected:
        yield connected
