"""One part as a process: started in its own session, restarted with backoff, ended for sure."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import IO

import cli
from cli import launcher
from cli.output import Output
from cli.parts import Part

# The folder that holds our packages: their programs find them there, wherever we were called.
ROOT = Path(cli.__file__).resolve().parent.parent
FIRST_DELAY, SETTLED = 1.0, 60.0


class Backoff:
    """How long to wait before each restart: doubling, and forgiven after a minute's work."""

    def __init__(self, most: float):
        self._first, self._most = min(FIRST_DELAY, most), most
        self._next = self._first

    def after(self, lived: float) -> float:
        """Return the seconds to wait after a part that lived so long."""
        if lived >= SETTLED:
            self._next = self._first
        delay, self._next = self._next, min(2 * self._next, self._most)
        return delay


class Child:
    """A part and its process, if it runs. Tend it from the thread that starts it."""

    def __init__(self, part: Part, env: Mapping[str, str], output: Output, most_delay: float = 30):
        self.part = part
        self.ready = part.ready is None
        self._env, self._output = env, output
        self._backoff = Backoff(most_delay)
        self._process: subprocess.Popen[bytes] | None = None
        self._pump: threading.Thread | None = None
        self._started = self._due = 0.0

    @property
    def running(self) -> bool:
        """Whether its process was started and not yet seen to end."""
        return self._process is not None

    @property
    def pid(self) -> int | None:
        """Its main process, which leads its session."""
        return self._process.pid if self._process else None

    def start(self) -> None:
        """Start the process, and a thread that passes its output on."""
        self._process = spawn(self.part.argv, self._env)
        self._started = time.monotonic()
        self._pump = threading.Thread(target=self._pass_on, args=[self._process.stdout])
        self._pump.daemon = True
        self._pump.start()

    def tend(self, now: float) -> None:
        """Notice its end, and start it again when its delay is over."""
        if self._process is None:
            if now >= self._due:
                self.start()
        elif self._process.poll() is not None:
            code = self._clear()
            delay = self._backoff.after(now - self._started)
            self._due = now + delay
            how = describe(code)
            self._output.say(f"{self.part.name} ended ({how}); starting it again in {delay:g} s")

    def terminate(self) -> None:
        """Ask its main process to end; what it started is its own to end."""
        if self._process is not None and self._process.poll() is None:
            self._process.terminate()

    def ended(self) -> bool:
        """Whether no process is left to wait for."""
        if self._process is not None and self._process.poll() is not None:
            self._clear()
        return self._process is None

    def kill(self) -> None:
        """End it and everything in its session's process group, now."""
        if self._process is not None:
            kill_group(self._process.pid)
            self._process.wait()
            self._clear()

    def _clear(self) -> int:
        """Forget a process that has ended, after what it left behind has ended too."""
        if self._process is None or self._pump is None:
            raise RuntimeError(f"{self.part.name} was never started")
        kill_group(self._process.pid)
        self._pump.join(2)
        code, self._process = self._process.returncode, None
        return code

    def _pass_on(self, stream: IO[bytes]) -> None:
        for raw in stream:
            line = raw.decode("utf-8", "replace").rstrip()
            self._output.line(self.part.name, line)
            self.ready = self.ready or (self.part.ready or "") in line
        stream.close()


def spawn(
    argv: list[str],
    env: Mapping[str, str],
    output: int | IO[bytes] = subprocess.PIPE,
    death_signal: signal.Signals = signal.SIGKILL,
) -> "subprocess.Popen[bytes]":
    """Start a program in its own session; it gets ``death_signal`` when this thread dies."""
    prefix = [sys.executable, "-I", "-S", launcher.__file__, str(os.getpid())]
    return subprocess.Popen(
        [*prefix, str(int(death_signal)), *argv],
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.STDOUT,
        env=dict(env),
        cwd=ROOT,
        start_new_session=True,
    )


def kill_group(pid: int) -> None:
    """Kill what is left of the process group that ``pid`` leads."""
    # PermissionError is how macOS tells of a group with nothing but zombies.
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, signal.SIGKILL)


def describe(code: int) -> str:
    """Return an exit status in words: ``exit code 1``, ``SIGKILL``."""
    if code >= 0:
        return f"exit code {code}"
    try:
        return signal.Signals(-code).name
    except ValueError:
        return f"signal {-code}"
