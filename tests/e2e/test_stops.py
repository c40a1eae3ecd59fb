"""Stacks of the tests' own: stopped, killed, refused, and the demo."""

import re
import socket
import subprocess
import zipfile
from pathlib import Path

import pytest

from cli.child import ROOT
from tests.support.long_runs import EPOCHS, start_long_run, wait_for_end, wait_for_epoch
from tests.support.stacks import (
    START_SECONDS,
    command,
    environment,
    processes,
    refused,
    running_stack,
    start_stack,
    wait_for,
)

pytestmark = pytest.mark.timeout(600)


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
    assert "not a loopback address" in refused("up", "--host", "0.0.0.0", "--data", str(data))  # noqa: S104
    assert not data.exists()


def test_a_busy_port_is_refused(tmp_path: Path) -> None:
    """A port that is taken is named, before anything is started."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        message = refused("up", "--port", port, "--data", str(tmp_path / "data"))
    assert f"port {port} on 127.0.0.1 is in use" in message


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
