"""The whole service, started as a user starts it."""

from collections.abc import Iterator

import pytest

from cli.client import Client
from tests.support.prometheus import METRICS_TOKEN
from tests.support.servers import free_ports
from tests.support.stacks import Stack, running_stack


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """``charloom up`` on a free port and a new data folder; ended by Ctrl-C, leaving nothing."""
    watched = {
        "CHARLOOM_METRICS_ADDRESS": f"127.0.0.1:{free_ports(3)}",
        "CHARLOOM_METRICS_TOKEN": METRICS_TOKEN,
    }
    with running_stack(tmp_path_factory.mktemp("stack") / "data", watched) as running:
        yield running


@pytest.fixture
def client(stack: Stack) -> Iterator[Client]:
    """A client of the stack's API."""
    with stack.client() as connected:
        yield connected
