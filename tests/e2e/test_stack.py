"""The main job over HTTP, and what an operator does to the stack meanwhile."""

import os
import re
import signal
import socket
import stat
import subprocess
import zipfile
from pathlib import Path
from typing import Any

import httpx
import pytest

from cli.child import ROOT
from cli.client import Client
from shared.corpora.sources import python_reference
from shared.errors import UserError
from tests.support.stacks import (
    START_SECONDS,
    Stack,
    command,
    environment,
    processes,
    refused,
    running_stack,
    start_stack,
    wait_for,
    worker_processes,
)

pytestmark = pytest.mark.timeout(600)

# A run whose epochs take about a second, to interrupt in its middle.
EPOCHS = 8
LONG = {
    "preset": "tiny", "window": 100, "units": 128, "epochs": EPOCHS, "max_windows": 3200,
    "sample_length": 10,
}  # fmt: skip


def wait_for_end(client: Client, job: dict[str, Any], seconds: float = 180) -> dict[str, Any]:
    """Return the job when it has succeeded."""
    ended = ("succeeded", "failed", "cancelled")
    wait_for(lambda: client.job(job["id"])["status"] in ended, seconds)
    job = client.job(job["id"])
    assert job["status"] == "succeeded", job
    return job


def wait_for_epoch(client: Client, job: dict[str, Any], epoch: int) -> list[dict[str, Any]]:
    """Return the epoch records when there are at least ``epoch``."""
    wait_for(lambda: len(client.rows(job["id"], "epochs")) >= epoch, 120)
    return client.rows(job["id"], "epochs")


def losses(client: Client, job: dict[str, Any]) -> list[tuple[str, int]]:
    """Return why the job was queued and how many losses counted then, each time it was lost."""
    told = [event["data"] for event in client.rows(job["id"], "events")]
    return [(data["reason"], data["losses"]) for data in told if "losses" in data]


def start_long_run(client: Client) -> dict[str, Any]:
    """Submit a run that takes a while."""
    corpus = client.add_corpus("reference", text=python_reference()[:50_000])
    return client.train(corpus["id"], **LONG)


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


def test_ctrl_c_hands_the_job_back_and_the_next_start_goes_on(tmp_path: Path) -> None:
    """Ctrl-C during training leaves no process; the next start ends the job, losing no epoch."""
    with running_stack(tmp_path / "data") as first, first.client() as client:
        job = start_long_run(client)
        before = wait_for_epoch(client, job, 2)
    with running_stack(tmp_path / "data") as second, second.client() as client:
        assert client.job(job["id"])["status"] in ("queued", "running")
        assert client.job(job["id"])["losses"] == 0, "it was handed back, not lost"
        done = wait_for_end(client, job)
        after = client.rows(job["id"], "epochs")
    assert done["attempt"] == 2
    assert after[: len(before)] == before
    assert [epoch["epoch"] for epoch in after] == list(range(1, EPOCHS + 1))


def test_a_killed_supervisor_takes_everything_with_it(tmp_path: Path) -> None:
    """kill -9 of ``charloom up`` itself leaves no process either."""
    stack = start_stack(tmp_path / "data")
    wait_for(lambda: len(processes(stack.mark)) > 5, START_SECONDS)
    stack.process.kill()
    stack.process.wait()
    wait_for(lambda: not processes(stack.mark), 15)


def test_an_address_that_others_can_reach_is_refused(tmp_path: Path) -> None:
    """--host 0.0.0.0 is refused with the reason, before anything is made."""
    data = tmp_path / "data"
    assert "no user accounts" in refused("up", "--host", "0.0.0.0", "--data", str(data))  # noqa: S104
    assert not data.exists()


def test_a_busy_port_is_refused(tmp_path: Path) -> None:
    """A port that is taken is named, before anything is started."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        message = refused("up", "--port", port, "--data", str(tmp_path / "data"))
    assert f"port {port} on 127.0.0.1 is in use" in message


def test_a_folder_in_use_is_refused(stack: Stack) -> None:
    """Two stacks on one folder would fight over it: the second one is told whose it is."""
    message = refused("up", "--port", "1", "--data", str(stack.data))
    assert f"(process {stack.process.pid})" in message


def test_the_demo_writes_a_text(tmp_path: Path) -> None:
    """The demo trains, writes and ends with exit code 0, on plain lines where no terminal is."""
    data = tmp_path / "demo"
    done = subprocess.run(
        command("demo", "--data", str(data), "--seconds", "2"), env=environment("demo"), text=True,
        cwd=ROOT, stdin=subprocess.DEVNULL, capture_output=True, timeout=400, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert "'python-reference', because 'shakespeare' did not come" in done.stdout
    assert re.search(r"epoch 3: loss \d\.\d+, validation loss \d\.\d+", done.stdout)
    assert len((data / "demo.txt").read_text(encoding="utf-8")) == 1000
    assert zipfile.ZipFile(data / "demo.keras").testzip() is None
    assert f" up --data {data}" in done.stdout
    assert processes("demo") == {}
