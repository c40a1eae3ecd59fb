"""The command on a terminal, against the running stack."""

import os
import pty
import signal
import subprocess
import time
from pathlib import Path

import pytest

from cli.client import Client
from shared.corpora.sources import python_reference
from tests.support.stacks import Stack, environment, wait_for
from tests.support.stacks import command as charloom

pytestmark = pytest.mark.timeout(300)

# Some 20 s, to interrupt in its middle.
LONG = ["window=100", "units=128", "epochs=20", "max_windows=3200", "sample_length=10"]


class Terminal:
    """A command on a pseudo-terminal of its own, and what it has shown so far."""

    def __init__(self, stack: Stack, *words: str):
        env = environment("terminal") | {
            "CHARLOOM_URL": stack.url, "CHARLOOM_TOKEN": stack.token, "TERM": "xterm",
            "COLUMNS": "100",
        }  # fmt: skip
        self._ours, theirs = pty.openpty()
        self.process = subprocess.Popen(
            charloom(*words), env=env, stdin=theirs, stdout=theirs, stderr=theirs,
            start_new_session=True,
        )  # fmt: skip
        os.close(theirs)
        os.set_blocking(self._ours, False)
        self._shown = b""

    def shown(self) -> str:
        """Return all that it has shown."""
        try:
            while piece := os.read(self._ours, 65536):
                self._shown += piece
        except OSError:  # nothing more just now, or for ever
            pass
        return self._shown.decode("utf-8", "replace").replace("\r\n", "\n")

    def end(self, seconds: float = 60) -> int:
        """Wait until it ends; return its exit code."""
        deadline = time.monotonic() + seconds
        while self.process.poll() is None and time.monotonic() < deadline:
            self.shown()
            time.sleep(0.05)
        self.shown()
        os.close(self._ours)
        return self.process.wait(1)


def test_ctrl_c_ends_the_following_alone(stack: Stack, client: Client) -> None:
    """A bar and the losses are shown; after Ctrl-C the job goes on, and the exit code is 130."""
    client.add_corpus("to interrupt", text=python_reference()[:50_000])
    fields = [word for field in LONG for word in ("--set", field)]
    terminal = Terminal(stack, "train", "to interrupt", "--preset", "tiny", *fields, "--follow")
    wait_for(lambda: "epoch 2: loss" in terminal.shown(), 120)
    assert "of 20, " in terminal.shown(), "the bar says where it is"
    terminal.process.send_signal(signal.SIGINT)
    assert terminal.end() == 130
    (job,) = client.jobs(limit=1)
    assert f"job {job['id']} goes on" in terminal._shown.decode()
    assert "Traceback" not in terminal._shown.decode()
    assert client.job(job["id"])["status"] == "running"
    client.cancel(job["id"])
    assert client.wait(job["id"], 60)["status"] == "cancelled"


def test_a_text_is_typed_while_it_is_written(stack: Stack, client: Client, tmp_path: Path) -> None:
    """On a terminal the text appears as it comes, and is the one that can be downloaded."""
    corpus = client.add_corpus("to write", text=python_reference()[:20_000])
    trained = client.wait(client.train(corpus["id"], preset="tiny", epochs=1)["id"], 120)
    terminal = Terminal(stack, "generate", trained["id"], "--length", "20000", "--follow")
    assert terminal.end() == 0
    (job,) = client.jobs(limit=1)
    client.download(f"/jobs/{job['id']}/output.txt", tmp_path / "text")
    assert (tmp_path / "text").read_text("utf-8") in terminal._shown.decode().replace("\r\n", "\n")
