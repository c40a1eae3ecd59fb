"""The five hosts, where the machine lets us make them."""

import os
from collections.abc import Iterator

import pytest

from tests.chaos.calm import Calm, run_undisturbed
from tests.hosts.network import why_not
from tests.hosts.service import Service, running_service

# What the training orders have otherwise: a second each, as three share two cores with all else.
SMALL = {"max_windows": 1200, "window": 50}

# Minutes of two cores: `make hosts` runs them, and not every `make test`.
collect_ignore = [] if os.environ.get("HOSTS") else ["test_hosts.py"]


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A service on five hosts."""
    if reason := why_not():
        pytest.skip(reason)
    with running_service(tmp_path_factory.mktemp("hosts")) as running:
        yield running


@pytest.fixture(scope="module")
def calm(service: Service) -> Calm:
    """What undisturbed runs leave on this service."""
    return run_undisturbed(service, ("plain", "adam"), SMALL)
