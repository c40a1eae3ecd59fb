"""What the service does about faults, one at a time; `tests/chaos` mixes them."""

import os
import re
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from cli.client import Client
from cli.folder import DataFolder
from shared.corpora.sources import python_reference
from shared.ids import new_id
from tests.chaos.database_server import OwnPostgres, own_postgres
from tests.chaos.second_node import SecondNode
from tests.support.servers import OwnRedis, own_redis
from tests.support.stacks import (
    START_SECONDS,
    Stack,
    environment,
    running_stack,
    wait_for,
)

pytestmark = pytest.mark.timeout(400)

Json = dict[str, Any]
# One epoch of some ten seconds: whatever happens, happens inside it.
SIZE = {"preset": "tiny", "window": 100, "units": 128, "sample_length": 10}
ONE_EPOCH = SIZE | {"epochs": 1, "max_windows": 32_000}
# Some three seconds, and ten.
SEVERAL = SIZE | {"epochs": 3, "max_windows": 3_200}
LONGER = SIZE | {"epochs": 5, "max_windows": 6_400}
ENDED = ("succeeded", "failed", "cancelled")
# Twice the 2 seconds that a request may take, for a busy machine.
SOON = 4.0


def train(client: Client, **spec: Any) -> Json:
    """Submit a run on a new corpus and wait until it trains."""
    corpus = client.add_corpus(new_id(), text=python_reference()[:50_000])
    job = client.train(corpus["id"], **spec)
    wait_for(lambda: client.job(job["id"])["progress"]["step"] > 0, 60)
    return client.job(job["id"])


def seconds_until(client: Client, job: Json, status: str) -> float:
    """Wait until the job stands at ``status``; return how long that took."""
    begun = time.monotonic()
    wait_for(lambda: client.job(job["id"])["status"] == status, 60)
    return time.monotonic() - begun


def move(client: Client, job: Json, name: str) -> None:
    """Ask for a move, as its owner does."""
    client.move(job["id"], name)


def epochs(client: Client, job: Json) -> list[int]:
    """Return the numbers of the epoch records."""
    return [row["epoch"] for row in client.rows(job["id"], "epochs")]


def workers(client: Client, job: Json) -> list[str]:
    """Return the worker of each attempt."""
    events = client.rows(job["id"], "events")
    return [event["data"]["worker"] for event in events if event["type"] == "running"]


def test_pause_resume_and_cancel_inside_an_epoch(client: Client) -> None:
    """Each takes effect within moments, and a resumed run goes on from the step it had."""
    job = train(client, **ONE_EPOCH)
    move(client, job, "pause")
    assert seconds_until(client, job, "paused") < SOON
    events = client.rows(job["id"], "events")
    saved = next(event["data"] for event in events if event["type"] == "state_saved")
    paused_at = client.job(job["id"])["progress"]["step"]
    assert saved == {"epoch": 1, "step": paused_at}
    move(client, job, "resume")
    wait_for(lambda: client.job(job["id"])["status"] == "running", 30)
    wait_for(lambda: client.job(job["id"])["progress"]["step"] != paused_at, 30)
    assert client.job(job["id"])["progress"]["step"] > paused_at > 0
    move(client, job, "cancel")
    assert seconds_until(client, job, "cancelled") < SOON
    assert epochs(client, job) == []


@contextmanager
def second_node(stack: Stack, path: Path) -> Iterator[str]:
    """Run a second training worker; yield the path of its log."""
    folder, log = DataFolder(stack.data), path / "node.log"
    env = environment(new_id(), {"CHARLOOM_DATABASE_URL": folder.database_url})
    node = SecondNode(folder, env, log)
    with node.running():
        wait_for(lambda: node.ready, START_SECONDS)
        yield str(log)


def test_a_frozen_worker_writes_nothing_more_and_takes_new_work(
    stack: Stack, client: Client, tmp_path: Path
) -> None:
    """Frozen past its lease, its job is taken over; awake, it is refused and goes on to others."""
    with second_node(stack, tmp_path) as log:
        job = train(client, **SEVERAL)
        frozen = int(job["worker"].rsplit(":", 1)[1])
        os.kill(frozen, signal.SIGSTOP)
        try:
            wait_for(lambda: client.job(job["id"])["attempt"] == 2, 30)
        finally:
            os.kill(frozen, signal.SIGCONT)
        wait_for(lambda: "job given up" in stack.said() + Path(log).read_text("utf-8"), 20)
        wait_for(lambda: client.job(job["id"])["status"] in ENDED, 120)
        assert client.job(job["id"])["status"] == "succeeded"
        assert epochs(client, job) == [1, 2, 3]
        first, second = workers(client, job)
        assert first != second
        others = [client.train(job_corpus(client, job), **SEVERAL) for _ in range(2)]
        wait_for(lambda: any(first in workers(client, other) for other in others), 60)
        for other in others:
            wait_for(lambda other=other: client.job(other["id"])["status"] in ENDED, 120)  # type: ignore[misc]


def job_corpus(client: Client, job: Json) -> str:
    """Return the corpus that a job reads."""
    corpora = client.corpora()
    versions = {corpus["latest_version"]["id"]: corpus["id"] for corpus in corpora}
    return str(versions[job["corpus_version_id"]])


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


def submit_form(stack: Stack, corpus_id: str) -> str:
    """Send the training form as a browser does; return the job's id."""
    with httpx.Client(base_url=stack.url, trust_env=False, timeout=30) as visitor:
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
        job = submit_form(apart, corpus["id"])
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
