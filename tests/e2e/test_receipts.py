"""Receipts and scores on the running stack."""

import math
import os
import signal
from typing import Any

import pytest

from cli.client import Client
from shared.corpora.sources import python_reference
from tests.support.stacks import Stack, wait_for, worker_processes

pytestmark = pytest.mark.timeout(300)


@pytest.fixture(scope="module")
def written(stack: Stack) -> dict[str, Any]:
    """A text of a model that was trained for a moment, as the API tells it."""
    with stack.client() as client:
        corpus = client.add_corpus("to be signed for", text=python_reference()[:20_000])
        trained = ended(client, client.train(corpus["id"], preset="tiny"))
        checkpoint = client.best_checkpoint(trained["id"])
        job = ended(client, client.generate(checkpoint["id"], length=5000, temperature=1.0))
        (output,) = client.rows(job["id"], "outputs")
        return output


def ended(client: Client, job: dict[str, Any]) -> dict[str, Any]:
    """Return the job when it has succeeded."""
    wait_for(lambda: client.job(job["id"])["status"] in ("succeeded", "failed"), 120)
    job = client.job(job["id"])
    assert job["status"] == "succeeded", job
    return job


def answer(client: Client, path: str, body: dict[str, Any]) -> dict[str, Any]:
    """Return what a question is answered, at once or later."""
    found = client.post(path, body)
    if "links" not in found:
        return found
    ended(client, found)
    return client.get(f"/jobs/{found['id']}/result")


def replace_pool_process(stack: Stack) -> None:
    """Kill the process that writes; wait for the next one."""
    before = worker_processes(stack, "generate")
    os.kill(before[-1], signal.SIGKILL)
    wait_for(lambda: set(worker_processes(stack, "generate")) - set(before), 30)


def test_a_receipt_verifies_in_another_process(
    stack: Stack, client: Client, written: dict[str, Any]
) -> None:
    """Not the one that wrote; and fails when one byte of the text is changed."""
    replace_pool_process(stack)
    receipt, text = written["receipt"], written["text"]
    same = answer(client, "/receipts/verify", {"receipt": receipt})
    assert same == {
        "same": True, "compared_with": "stored", "first_difference": None, "characters": 5000,
        "problems": [],
    }  # fmt: skip
    place = text.index("e", 2500)
    changed = text[:place] + chr(ord(text[place]) ^ 1) + text[place + 1 :]
    found = answer(client, "/receipts/verify", {"receipt": receipt, "text": changed})
    assert (found["same"], found["first_difference"]["character"]) == (False, place)
    assert answer(client, "/receipts/verify", {"receipt": receipt, "text": text})["same"] is True


def test_a_changed_receipt_fails(client: Client, written: dict[str, Any]) -> None:
    """Though its text is written again."""
    receipt = written["receipt"] | {"checkpoint_sha256": "0" * 64}
    found = answer(client, "/receipts/verify", {"receipt": receipt})
    assert (found["same"], found["first_difference"]) == (False, None)
    assert [problem["field"] for problem in found["problems"]] == ["checkpoint_sha256"]


def test_a_text_is_scored(client: Client, written: dict[str, Any]) -> None:
    """Each character; the bits are the mean of what is told of them."""
    path = f"/checkpoints/{written['receipt']['checkpoint_id']}/score"
    found = answer(client, path, {"text": written["text"], "alternatives": 1})
    assert "".join(row["character"] for row in found["scores"]) == written["text"]
    bits = [-math.log2(row["probability"]) for row in found["scores"]]
    assert found["bits_per_character"] == pytest.approx(sum(bits) / 5000, abs=1e-5)
    for row in found["scores"]:
        assert (row["rank"] == 1) == (row["alternatives"][0]["character"] == row["character"])
