"""One service a database for all tests here, and its undisturbed runs."""

import os
import random
import sys
import time
from collections.abc import Iterator

import pytest

from tests.chaos.calm import Calm, run_undisturbed
from tests.chaos.kinds import Deck
from tests.chaos.plan import BACKENDS, PLAN
from tests.chaos.service import Service, running_service


@pytest.fixture(scope="session")
def rng() -> random.Random:
    """All chance of a session; CHAOS_SEED repeats it."""
    seed = int(os.environ.get("CHAOS_SEED") or time.time())
    print(f"\nCHAOS_SEED={seed}", flush=True)
    return random.Random(seed)


@pytest.fixture(scope="session")
def deck(rng: random.Random) -> Deck:
    """One deck for both databases: the kinds that one had no time for are the other's first."""
    return Deck(rng)


@pytest.fixture(scope="session", params=BACKENDS)
def service(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Service]:
    """A running service on each database in turn."""
    if sys.platform != "linux":
        pytest.skip("the faults need Linux: processes are found in /proc")
    with running_service(request.param, tmp_path_factory.mktemp(request.param)) as running:
        yield running


@pytest.fixture(scope="session")
def calm(service: Service) -> Calm:
    """What undisturbed runs leave on this service."""
    return run_undisturbed(service, PLAN.orders, PLAN.changes)
