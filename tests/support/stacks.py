"""The embedded stack as a user starts it, and what is left of it in the process table."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from cli.child import ROOT
from cli.client import Client
from cli.stack import READY
from shared.ids import new_id
from tests.support.servers import free_port

START_SECONDS = 180
STOP_SECONDS = 40
# In the environment of every process of a stack, so that those it leaves behind can be found.
MARK = "STACK_OF_A_TEST"
SHORT_TIMES = {
    "CHARLOOM_LEASE_SECONDS": "6",
    "CHARLOOM_RENEW_SECONDS": "1",
    "CHARLOOM_SWEEP_SECONDS": "1",
    # Nobody's port: no test asks anything of another host.
    # Texts and receivers of notices are servers of the tests' own.
    "CHARLOOM_PRIVATE_ADDRESSES": "true",
    "CHARLOOM_SHAKESPEARE_URL": "http://127.0.0.1:1/shakespeare.txt",
}


@dataclass(frozen=True)
class Stack:
    """A running ``charloom up``."""

    url: str
    data: Path
    process: "subprocess.Popen[bytes]"
    log: Path
    mark: str

    @property
    def token(self) -> str:
        """The API's token."""
        return (self.data / "token").read_text(encoding="utf-8").strip()

    @property
    def database_url(self) -> str:
        """The address of its database."""
        return f"sqlite:///{self.data / 'charloom.db'}"

    def client(self) -> Client:
        """Return a client of its API; close it."""
        return Client(self.url, self.token)

    def said(self) -> str:
        """Return what it has written so far."""
        return self.log.read_text(encoding="utf-8", errors="replace")


def command(*arguments: str) -> list[str]:
    """Return the command line of ``charloom``, of this checkout if it is not installed."""
    installed = Path(sys.executable).with_name("charloom")
    start = [str(installed)] if installed.exists() else [sys.executable, "-m", "cli"]
    return [*start, *arguments]


def environment(mark: str, env: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return an environment with short times, without settings of whoever runs the tests.

    Variables of ``env`` go over it.
    """
    kept = {name: value for name, value in os.environ.items() if not name.startswith("CHARLOOM_")}
    # A stack is many processes: only the first shall compile our sources.
    kept.pop("PYTHONDONTWRITEBYTECODE", None)
    return kept | SHORT_TIMES | dict(env or {}) | {MARK: mark}


def refused(*arguments: str) -> str:
    """Run ``charloom``, which must refuse, and return its one line of explanation."""
    done = subprocess.run(
        command(*arguments), env=environment("refused"), cwd=ROOT, text=True, timeout=60,
        stdin=subprocess.DEVNULL, capture_output=True, check=False,
    )  # fmt: skip
    assert done.returncode == 1, done
    assert done.stdout == ""
    assert done.stderr.startswith("Error: ")
    assert done.stderr.count("\n") == 1, "one line, no traceback"
    return done.stderr


@contextmanager
def running_stack(data: Path, env: Mapping[str, str] | None = None) -> Iterator[Stack]:
    """Run ``charloom up`` until the block ends, then press Ctrl-C; nothing may be left."""
    stack = start_stack(data, env)
    try:
        wait_for(lambda: READY in stack.said() or stack.process.poll() is not None, START_SECONDS)
        assert stack.process.poll() is None, f"the stack ended:\n{stack.said()}"
        yield stack
    finally:
        if stack.process.poll() is None:
            stop_stack(stack)
        left = processes(stack.mark)
        for pid in left:
            os.kill(pid, signal.SIGKILL)
    assert left == {}, "processes were left behind"


def start_stack(data: Path, env: Mapping[str, str] | None = None) -> Stack:
    """Start ``charloom up`` on a free port and ``data``, with more variables if given."""
    port, mark, log = free_port(), new_id(), data.with_suffix(".log")
    arguments = ["up", "--port", str(port), "--data", str(data)]
    with log.open("wb") as output:
        process = subprocess.Popen(
            command(*arguments), env=environment(mark, env), cwd=ROOT, stdin=subprocess.DEVNULL,
            stdout=output, stderr=subprocess.STDOUT, start_new_session=True,
        )  # fmt: skip
    return Stack(f"http://127.0.0.1:{port}", data, process, log, mark)


def stop_stack(stack: Stack) -> None:
    """Send SIGINT, as Ctrl-C does; it must end by itself, with exit code 0."""
    stack.process.send_signal(signal.SIGINT)
    try:
        code = stack.process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        stack.process.kill()
        pytest.fail(f"the stack did not stop:\n{stack.said()}")
    assert code == 0, stack.said()
    assert "killing it" not in stack.said(), stack.said()


def processes(mark: str) -> dict[int, str]:
    """Return pid and command line of every process with the mark (Linux; elsewhere: none)."""
    wanted, found = f"{MARK}={mark}".encode(), {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if wanted in (folder / "environ").read_bytes():
                line = (folder / "cmdline").read_bytes().replace(b"\0", b" ")
                found[int(folder.name)] = line.decode(errors="replace")
        except OSError:  # it has just ended, or belongs to somebody else
            continue
    return found


def worker_processes(stack: Stack, queue: str) -> list[int]:
    """Return the pids of a worker: its main process, then those of its pool."""
    own = [pid for pid, line in processes(stack.mark).items() if f" -Q {queue} " in line]
    # Not by their numbers, which begin anew some time.
    return sorted(own, key=lambda pid: (_parent(pid) in own, pid))


def _parent(pid: int) -> int:
    """Return the pid of a process' parent, 0 where it has just ended."""
    try:
        return int((Path("/proc") / str(pid) / "stat").read_text().rpartition(")")[2].split()[1])
    except OSError:
        return 0


def wait_for(condition: Callable[[], object], seconds: float) -> None:
    """Wait until ``condition`` holds; fail when it does not within ``seconds``."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"not within {seconds} s"
        time.sleep(0.1)
