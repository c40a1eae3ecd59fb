"""A worker's process that has grown is replaced between two jobs, and nobody notices."""

from pathlib import Path

import pytest

from cli.client import Client
from shared.corpora.sources import python_reference
from tests.support.long_runs import Json, wait_for_end
from tests.support.stacks import running_stack, wait_for

pytestmark = pytest.mark.timeout(400)

# Any training takes more than that.
SMALL = {"CHARLOOM_POOL_MEMORY_BYTES": "1000000"}
JOBS = 2


def ran(client: Client, job: Json) -> list[str]:
    """Return the process of each attempt."""
    events = client.rows(job["id"], "events")
    return [event["data"]["worker"] for event in events if event["type"] == "running"]


def test_a_process_that_has_grown_is_replaced_between_jobs(tmp_path: Path) -> None:
    """Each job is run by a process of its own, the first time, and none counts as lost."""
    with running_stack(tmp_path / "data", SMALL) as stack, stack.client() as client:
        corpus = client.add_corpus("reference", text=python_reference()[:50_000])
        jobs = [client.train(corpus["id"], preset="tiny") for _ in range(JOBS)]
        done = [wait_for_end(client, job) for job in jobs]
        assert [(job["attempt"], job["losses"]) for job in done] == [(1, 0)] * JOBS
        assert len({worker for job in jobs for worker in ran(client, job)}) == JOBS
        # A process says so when its job has ended; one that still loads TensorFlow holds a stop up.
        wait_for(lambda: stack.said().count("pool process ready queues=train") == JOBS + 1, 120)
        assert stack.said().count("pool process is replaced") == JOBS
        assert "exited with" not in stack.said()
        assert "Traceback" not in stack.said()
