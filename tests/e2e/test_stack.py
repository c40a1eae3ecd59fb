"""The main job over HTTP, and what an operator does to the stack meanwhile."""

import os
import signal
import stat
import zipfile
from pathlib import Path
from typing import Any

import httpx
import pytest

from cli.client import Client
from shared.corpora.sources import python_reference
from shared.errors import UserError
from tests.support.long_runs import EPOCHS, start_long_run, wait_for_end, wait_for_epoch
from tests.support.stacks import (
    Stack,
    processes,
    refused,
    wait_for,
    worker_processes,
)

pytestmark = pytest.mark.timeout(600)


def losses(client: Client, job: dict[str, Any]) -> list[tuple[str, int]]:
    """Return why the job was queued and how many losses counted then, each time it was lost."""
    told = [event["data"] for event in client.rows(job["id"], "events")]
    return [(data["reason"], data["losses"]) for data in told if "losses" in data]


def test_trains_on_a_pasted_text_generates_and_downloads(client: Client, tmp_path: Path) -> None:
    """Paste, train, watch, generate, download: the text has its length, the model is whole."""
    corpus = client.add_corpus("reference", text=python_reference()[:20_000])
    job = wait_for_end(client, client.train(corpus["id"], preset="tiny"))
    assert [epoch["epoch"] for epoch in client.rows(job["id"], "epochs")] == [1, 2]
    assert len(client.rows(job["id"], "samples")) == 2
    best = client.best_checkpoint(job["id"])
    written = wait_for_end(client, client.generate(best["id"], length=123, count=2))
    text, model = tmp_path / "output.txt", tmp_path / "model.keras"
    client.download(f"/jobs/{written['id']}/output.txt", text)
    client.download(f"/checkpoints/{best['id']}/model.keras", model)
    assert len(text.read_bytes().decode()) == 123 + 1 + 123
    assert zipfile.ZipFile(model).testzip() is None


def test_trains_on_an_uploaded_file(client: Client, tmp_path: Path) -> None:
    """A file of real text goes in by multipart and trains."""
    path = tmp_path / "topics.txt"
    path.write_text(python_reference()[:10_000], encoding="utf-8")
    corpus = client.upload("a file", path)
    assert corpus["latest_version"]["characters"] == 10_000
    job = wait_for_end(client, client.train(corpus["id"], preset="tiny", epochs=1))
    assert job["progress"]["fraction"] == 1


def test_a_refusal_tells_the_reason(client: Client) -> None:
    """The client passes on what the API says of a bad field."""
    corpus = client.add_corpus("short", text="abc" * 50)
    with pytest.raises(UserError, match="learning_rate"):
        client.train(corpus["id"], learning_rate=-1)


def test_without_the_token_nobody_gets_in(stack: Stack) -> None:
    """The API wants the token of the data folder, which only its owner can read."""
    assert httpx.get(f"{stack.url}/api/v1/jobs").status_code == 401
    assert stat.S_IMODE(stack.data.stat().st_mode) == 0o700
    for path in stack.data.iterdir():
        assert stat.S_IMODE(path.stat().st_mode) & 0o077 == 0, path


def test_a_killed_pool_process_is_replaced_and_its_job_goes_on(
    stack: Stack, client: Client
) -> None:
    """kill -9 in the middle of training: queued again at once, one loss, which counts until an
    epoch ends; the job runs on to its end."""
    job = start_long_run(client)
    before = wait_for_epoch(client, job, 2)
    os.kill(worker_processes(stack, "train")[-1], signal.SIGKILL)
    # Sooner than any lease could run out.
    wait_for(lambda: losses(client, job) == [("the pool process died", 1)], 5)
    assert client.job(job["id"])["losses"] == 1
    done = wait_for_end(client, job)
    assert done["losses"] == 0, "a finished epoch forgives"
    assert done["attempt"] == 2
    assert losses(client, job) == [("the pool process died", 1)], "it was lost once"
    after = client.rows(job["id"], "epochs")
    assert after[: len(before)] == before, "no finished epoch is run again"
    assert [epoch["epoch"] for epoch in after] == list(range(1, EPOCHS + 1))


def test_a_killed_worker_is_started_again(stack: Stack, client: Client) -> None:
    """kill -9 of a worker's main process: the stack says so and starts another, which works."""
    corpus = client.add_corpus("reference", text=python_reference()[:10_000])
    wait_for_end(client, client.train(corpus["id"], preset="tiny", epochs=1))
    victims = worker_processes(stack, "train")
    os.kill(victims[0], signal.SIGKILL)
    wait_for(lambda: "train ended (SIGKILL); starting it again" in stack.said(), 10)
    wait_for(lambda: not set(victims) & processes(stack.mark).keys(), 10)
    wait_for_end(client, client.train(corpus["id"], preset="tiny", epochs=1))


def test_a_folder_in_use_is_refused(stack: Stack) -> None:
    """Two stacks on one folder would fight over it: the second one is told whose it is."""
    message = refused("up", "--port", "1", "--data", str(stack.data))
    assert f"(process {stack.process.pid})" in message
