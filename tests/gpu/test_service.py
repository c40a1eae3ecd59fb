"""The whole service on a machine with one card, which two pool processes share."""

from collections.abc import Iterator
from typing import Any

import pytest

from cli.client import Client
from shared.corpora.sources import python_reference
from tests.support.stacks import Stack, running_stack, wait_for
from worker import devices

pytestmark = pytest.mark.timeout(400)
# Bytes that a process has on a card, at least: its context, and TensorFlow's first piece.
HELD = 300_000_000
TEXT = python_reference()[:300_000]
# Some seconds of a card each.
LONG = {"preset": "large", "epochs": 2, "max_windows": 100_000, "sample_length": 200,
        "needs": {"gpu": True}}  # fmt: skip


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """A service whose worker is told of the same card twice."""
    with running_stack(tmp_path_factory.mktemp("card") / "data", {devices.VISIBLE: "0,0"}) as up:
        yield up


@pytest.fixture
def client(stack: Stack) -> Iterator[Client]:
    """A client of its API."""
    with stack.client() as connected:
        yield connected


@pytest.fixture(scope="module")
def corpus(stack: Stack) -> str:
    """A text's id."""
    with stack.client() as connected:
        return str(connected.add_corpus("reference", text=TEXT)["id"])


def trainers(client: Client) -> list[Any]:
    """Return the workers that train."""
    return [row for row in client.workers() if row["alive"] and "train" in row["queues"]]


def test_each_process_tells_of_its_card(client: Client, card: devices.Card) -> None:
    """Two processes that train, both on the card and with half of it; the node with its name."""
    wait_for(lambda: len(trainers(client)) == 2, 60)
    assert {row["device"] for row in trainers(client)} == {"gpu 0"}
    assert {row["device_memory"] for row in trainers(client)} == {(card.memory or 0) // 2}
    writers = [row["device"] for row in client.workers() if "generate" in row["queues"]]
    assert writers == ["cpu"]
    (node,) = client.get("/nodes")["data"]
    assert [d for d in node["devices"] if d["kind"] == "gpu"] == [
        {"kind": "gpu", "name": card.name, "memory": card.memory}
    ]
    assert node["versions"]["driver"] == card.driver


def test_two_jobs_share_the_card(client: Client, corpus: str, card: devices.Card) -> None:
    """Side by side, one in half precision; both end, and both had memory there."""
    specs: list[dict[str, Any]] = [{"precision": "mixed"}, {"precision": "float32", "cell": "gru"}]
    jobs = [client.train(corpus, **LONG | spec)["id"] for spec in specs]
    wait_for(lambda: all(steps(client, job) for job in jobs), 120)
    assert [client.job(job)["status"] for job in jobs] == ["running"] * 2
    (now, *_) = devices.cards()
    print(f"{now.used} of {card.memory} bytes on the card, {now.use} % busy")
    assert (now.used or 0) > 2 * HELD
    for job in jobs:
        ended = client.wait(job, 300)
        assert ended["status"] == "succeeded", ended
        for epoch in client.rows(job, "epochs"):
            print({name: value for name, value in epoch.items() if isinstance(value, float)})


def steps(client: Client, job: str) -> int:
    """Return how many steps a job has trained."""
    progress = client.job(job)["progress"] or {}
    return int(progress.get("step") or 0)


def test_what_a_card_trained_is_written_with(client: Client, corpus: str) -> None:
    """By a process that has no card."""
    fields = {"preset": "seed", "epochs": 1, "max_windows": 20_000, "needs": {"gpu": True}}
    job = client.wait(client.train(corpus, **fields)["id"], 120)
    best = client.best_checkpoint(job["id"])
    written = client.wait(client.generate(best["id"], length=300)["id"], 60)
    assert written["status"] == "succeeded", written
    (output,) = client.rows(written["id"], "outputs")
    assert output["characters"] == 300
