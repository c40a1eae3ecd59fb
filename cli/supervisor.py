"""Starts the parts, keeps them running, and stops them in order."""

import signal
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from itertools import groupby
from types import FrameType

from cli.child import Child
from cli.output import Output
from cli.parts import Part

PERIOD = 0.1
GRACE = 25.0
# Some callers (timeout, a closing terminal) send one request twice.
ECHO = 0.5
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class StopRequests:
    """Counts the signals that ask us to stop: the first one stops, the second one hastens."""

    def __init__(self) -> None:
        self.count = 0
        self._last = -ECHO

    def __call__(self, number: int, frame: FrameType | None) -> None:
        """Take a signal."""
        now = time.monotonic()
        if now - self._last >= ECHO:
            self.count += 1
        self._last = now

    @contextmanager
    def listening(self) -> Iterator[None]:
        """Take the signals that would otherwise end this process."""
        before = {number: signal.signal(number, self) for number in SIGNALS}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)


class Supervisor:
    """The running parts. Run it in the main thread, which starts them all."""

    def __init__(
        self,
        parts: list[Part],
        env: Mapping[str, str],
        output: Output,
        stops: StopRequests,
        grace: float = GRACE,
        most_delay: float = 30,
    ):
        self._children = [Child(part, env, output, most_delay) for part in parts]
        self._output, self._stops, self._grace = output, stops, grace

    def run(self, is_up: Callable[[], bool], on_ready: Callable[[], None]) -> None:
        """Run the parts until asked to stop; then stop them, whatever happened.

        ``on_ready`` is called once, when every part says it is ready and ``is_up`` is true.
        """
        announced = False
        try:
            while not self._stops.count:
                for child in self._children:
                    child.tend(time.monotonic())
                if not announced and self._ready() and is_up():
                    on_ready()
                    announced = True
                time.sleep(PERIOD)
        finally:
            self.stop()

    def stop(self) -> None:
        """Stop the parts stage by stage: within the grace time, or at once if asked again."""
        self._output.say("stopping; Ctrl-C again ends everything at once")
        deadline = time.monotonic() + self._grace
        ordered = sorted(self._children, key=lambda child: child.part.stage)
        for _, stage in groupby(ordered, key=lambda child: child.part.stage):
            self._stop(list(stage), deadline)
        self._output.say("stopped")

    def _ready(self) -> bool:
        return all(child.running and child.ready for child in self._children)

    def _stop(self, children: list[Child], deadline: float) -> None:
        for child in children:
            child.terminate()
        while not all(child.ended() for child in children):
            if time.monotonic() > deadline or self._stops.count > 1:
                break
            time.sleep(PERIOD / 2)
        for child in children:
            if not child.ended():
                self._output.say(f"{child.part.name} does not end by itself: killing it")
                child.kill()
