"""Training runs that are long enough to be interrupted, and their ends."""

from typing import Any

from cli.client import Client
from shared.corpora.sources import python_reference
from shared.ids import new_id
from tests.support.stacks import wait_for

Json = dict[str, Any]
SIZE = {"preset": "tiny", "window": 100, "units": 128, "sample_length": 10}
# Its epochs take about a second.
EPOCHS = 8
LONG = SIZE | {"epochs": EPOCHS, "max_windows": 3200}
ENDED = ("succeeded", "failed", "cancelled")


def train(client: Client, **spec: Any) -> Json:
    """Submit a run on a new corpus and wait until it trains."""
    corpus = client.add_corpus(new_id(), text=python_reference()[:50_000])
    job = client.train(corpus["id"], **spec)
    wait_for(lambda: client.job(job["id"])["progress"]["step"] > 0, 60)
    return client.job(job["id"])


def epochs(client: Client, job: Json) -> list[int]:
    """Return the numbers of the epoch records."""
    return [row["epoch"] for row in client.rows(job["id"], "epochs")]


def wait_for_end(client: Client, job: Json, seconds: float = 180) -> Json:
    """Return the job when it has succeeded."""
    wait_for(lambda: client.job(job["id"])["status"] in ENDED, seconds)
    job = client.job(job["id"])
    assert job["status"] == "succeeded", job
    return job


def wait_for_epoch(client: Client, job: Json, epoch: int) -> list[Json]:
    """Return the epoch records when there are at least ``epoch``."""
    wait_for(lambda: len(client.rows(job["id"], "epochs")) >= epoch, 120)
    return client.rows(job["id"], "epochs")


def start_long_run(client: Client) -> Json:
    """Submit a run that takes a while."""
    corpus = client.add_corpus("reference", text=python_reference()[:50_000])
    return client.train(corpus["id"], **LONG)
