"""Parts that die, refuse to end, or leave children behind: real processes."""

import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

from cli.child import Child
from cli.output import Output
from cli.parts import Part
from cli.supervisor import StopRequests, Supervisor
from tests.support.stacks import wait_for

STUBBORN = "import signal, time; signal.signal(15, signal.SIG_IGN); print('up', flush=True); "


class Recorder(Output):
    """Remembers the lines."""

    def __init__(self) -> None:
        super().__init__([])
        self.lines: list[str] = []

    def line(self, name: str, text: str) -> None:
        """Remember a line."""
        self.lines.append(f"{name}: {text}")


def python(name: str, script: str, stage: int = 0, ready: str | None = None) -> Part:
    """Return a part that runs a script."""
    return Part(name, [sys.executable, "-c", script], stage, ready)


def run(
    parts: list[Part], until: Callable[[Recorder], bool], grace: float = 5, signals: int = 1
) -> Recorder:
    """Run the parts until a line is seen, then ask to stop; return what was said."""
    output, stops = Recorder(), StopRequests()

    def ask() -> None:
        wait_for(lambda: until(output), 20)
        stops.count = signals

    asking = threading.Thread(target=ask, daemon=True)
    asking.start()
    Supervisor(parts, os.environ, output, stops, grace).run(
        lambda: True, lambda: output.say("ready")
    )
    asking.join()
    return output


def test_starts_a_part_that_died_again() -> None:
    """A part that ends is named with its exit code and runs again after its delay."""
    output = run(
        [python("weak", "print('born', flush=True); exit(3)")],
        lambda said: said.lines.count("weak: born") == 2,
    )
    assert "charloom: weak ended (exit code 3); starting it again in 1 s" in output.lines


def test_says_ready_once_all_parts_are() -> None:
    """Readiness waits for the text that each part says when it can work."""
    slow = python("slow", "import time; time.sleep(.5); print('I can work', flush=True);"
                  "time.sleep(60)", ready="can work")  # fmt: skip
    output = run([slow], lambda said: "charloom: ready" in said.lines)
    assert output.lines.index("slow: I can work") < output.lines.index("charloom: ready")


def test_stops_in_order() -> None:
    """Parts of a lower stage have ended before those of the next are asked to."""
    script = (
        "import signal, sys, time\n"
        "signal.signal(15, lambda *_: (print('bye', flush=True), sys.exit()))\n"
        "print('up', flush=True); time.sleep(60)"
    )
    parts = [python("last", script, 2), python("first", script, 0), python("second", script, 1)]
    output = run(parts, lambda said: sum(line.endswith("up") for line in said.lines) == 3)
    byes = [line for line in output.lines if line.endswith("bye")]
    assert byes == ["first: bye", "second: bye", "last: bye"]


def test_kills_a_part_that_does_not_end() -> None:
    """After the grace time SIGKILL ends it."""
    part = python("stubborn", STUBBORN + "time.sleep(60)")
    output = run([part], lambda said: "stubborn: up" in said.lines, grace=0.3)
    assert "charloom: stubborn does not end by itself: killing it" in output.lines


def test_a_second_request_hastens() -> None:
    """Asked twice, nobody is waited for."""
    part, begun = python("stubborn", STUBBORN + "time.sleep(60)"), time.monotonic()
    run([part], lambda said: "stubborn: up" in said.lines, grace=60, signals=2)
    assert time.monotonic() - begun < 20


def test_what_a_part_left_behind_ends_with_it(tmp_path: Path) -> None:
    """A part that dies leaves no child of its own running."""
    path = tmp_path / "pid"
    script = (
        "import subprocess, sys\n"
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)'])\n"
        f"open({str(path)!r}, 'w').write(str(child.pid)); exit(1)"
    )
    run([python("careless", script)], lambda said: any("ended" in line for line in said.lines))
    wait_for(lambda: not running(int(path.read_text())), 5)


def test_one_request_sent_twice_counts_once() -> None:
    """A signal that comes twice in a moment is one request; a later one is another."""
    stops = StopRequests()
    stops(signal.SIGINT, None)
    stops(signal.SIGINT, None)
    assert stops.count == 1
    time.sleep(0.6)
    stops(signal.SIGINT, None)
    assert stops.count == 2


def test_ctrl_c_does_not_reach_the_parts() -> None:
    """Each part leads a session of its own."""
    child = Child(python("part", "import time; time.sleep(60)"), os.environ, Recorder())
    child.start()
    try:
        assert child.pid is not None
        wait_for(lambda: os.getsid(child.pid or 0) == child.pid, 5)
    finally:
        child.kill()
    assert not child.running


def running(pid: int) -> bool:
    """Tell whether a process runs; one that only waits to be reaped does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")")[-1].split()[0] != "Z"
    except OSError:
        return False
