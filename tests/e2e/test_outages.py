"""What the service does while its broker or its database is away."""

import re
import time
from collections.abc import Iterator

import httpx
import pytest

from cli.client import Client
from shared.corpora.sources import python_reference
from tests.chaos.database_server import OwnPostgres, own_postgres
from tests.support.long_runs import ENDED, SIZE, epochs, train
from tests.support.servers import OwnRedis, own_redis
from tests.support.signing_in import visiting
from tests.support.stacks import Stack, running_stack, wait_for

pytestmark = pytest.mark.timeout(400)

# Some ten seconds.
LONGER = SIZE | {"epochs": 5, "max_windows": 6_400}


@pytest.fixture(scope="module")
def servers() -> Iterator[tuple[OwnPostgres, OwnRedis]]:
    """A database and a broker that may be stopped and started again."""
    with own_postgres() as postgres, own_redis() as redis:
        yield postgres, redis


@pytest.fixture(scope="module")
def apart(
    servers: tuple[OwnPostgres, OwnRedis], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Stack]:
    """A stack on these servers."""
    postgres, redis = servers
    env = {"CHARLOOM_DATABASE_URL": postgres.url, "CHARLOOM_REDIS_URL": redis.url}
    with running_stack(tmp_path_factory.mktemp("apart") / "data", env) as stack:
        yield stack


@pytest.fixture
def caller(apart: Stack) -> Iterator[Client]:
    """A client of that stack's API."""
    with apart.client() as connected:
        yield connected


def submit_form(stack: Stack, database_url: str, corpus_id: str) -> str:
    """Send the training form as a browser does; return the job's id."""
    with visiting(database_url, stack.url) as visitor:
        page = visitor.get("/training/new", params={"corpus": corpus_id}).text
        fields = dict(re.findall(r'<input[^>]* name="(\w+)"[^>]* value="([^"]*)"', page))
        fields |= {"corpus_id": corpus_id, "preset": "tiny", "epochs": "2", "optimizer": "rmsprop"}
        answer = visitor.post("/training/new", data=fields)
    assert answer.status_code == 303, answer.text
    return answer.headers["Location"].rsplit("/", 1)[1]


def test_a_form_is_accepted_while_redis_is_away(
    apart: Stack, caller: Client, servers: tuple[OwnPostgres, OwnRedis]
) -> None:
    """The job waits in the database and runs by itself when the broker is back."""
    corpus = caller.add_corpus("waits", text=python_reference()[:20_000])
    servers[1].stop()
    try:
        job = submit_form(apart, servers[0].url, corpus["id"])
        time.sleep(3)
        assert caller.job(job)["status"] == "queued"
    finally:
        servers[1].start()
    wait_for(lambda: caller.job(job)["status"] in ENDED, 90)
    assert caller.job(job)["status"] == "succeeded"


def test_training_rides_out_a_database_outage(
    apart: Stack, caller: Client, servers: tuple[OwnPostgres, OwnRedis]
) -> None:
    """Web answers 503 and says when to come again; the run goes on, in its first attempt."""
    job, url = train(caller, **LONGER), f"{apart.url}/api/v1/jobs"
    servers[0].stop("fast")
    try:
        headers = {"Authorization": f"Bearer {apart.token}"}
        answer = httpx.get(url, headers=headers, trust_env=False, timeout=30)
        assert (answer.status_code, answer.json()["code"]) == (503, "database_unavailable")
        assert int(answer.headers["Retry-After"]) > 0
        time.sleep(2)
    finally:
        servers[0].start()
    wait_for(lambda: httpx.get(f"{apart.url}/readyz", trust_env=False).status_code == 200, 30)
    wait_for(lambda: caller.job(job["id"])["status"] in ENDED, 120)
    done = caller.job(job["id"])
    assert (done["status"], done["attempt"], done["losses"]) == ("succeeded", 1, 0)
    assert epochs(caller, job) == [1, 2, 3, 4, 5]
