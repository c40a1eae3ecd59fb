"""What the service does about faults, one at a time; `tests/chaos` mixes them."""

import os
import signal
import time
from pathlib import Path

import pytest

from cli.client import Client
from tests.chaos.second_node import second_node
from tests.support.long_runs import ENDED, SIZE, Json, epochs, train
from tests.support.stacks import Stack, wait_for

pytestmark = pytest.mark.timeout(400)

# One epoch of some ten seconds: whatever happens, happens inside it.
ONE_EPOCH = SIZE | {"epochs": 1, "max_windows": 32_000}
# Some three seconds.
SEVERAL = SIZE | {"epochs": 3, "max_windows": 3_200}
# Twice the 2 seconds that a request may take, for a busy machine.
SOON = 4.0


def seconds_until(client: Client, job: Json, status: str) -> float:
    """Wait until the job stands at ``status``; return how long that took."""
    begun = time.monotonic()
    wait_for(lambda: client.job(job["id"])["status"] == status, 60)
    return time.monotonic() - begun


def move(client: Client, job: Json, name: str) -> None:
    """Ask for a move, as its owner does."""
    client.move(job["id"], name)


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
