"""What the benchmarks share: where the yardsticks are, running a process and weighing it."""

import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parent.parent
YARDSTICKS = Path(os.environ.get("CHARLOOM_YARDSTICKS", CHECKOUT.parent / "shared" / "reference"))
CORPUS = YARDSTICKS.parent / "corpora" / "tinyshakespeare.txt"


@dataclass(frozen=True)
class Outcome:
    """What a process printed, and the most memory it held, in GB."""

    output: str
    memory: float

    def figure(self, name: str) -> float:
        """Return the last number printed behind ``name``."""
        found = re.findall(rf"{re.escape(name)} ([-+.\deE]+)", self.output)
        if not found:
            raise SystemExit(f"no figure {name!r} in:\n{self.output}")
        return float(found[-1])


def run(*command: object) -> Outcome:
    """Run a Python script to its end; a failure ends the benchmark."""
    words = [sys.executable, *map(str, command)]
    process = subprocess.Popen(words, stdout=subprocess.PIPE, text=True, cwd=CHECKOUT)
    assert process.stdout is not None
    output = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{' '.join(words)} ended with {process.returncode}:\n{output}")
    return Outcome(output, usage.ru_maxrss * _maxrss_bytes() / 1e9)


def _maxrss_bytes() -> int:
    """Return the unit of ``ru_maxrss``: kibibytes on Linux, bytes on macOS."""
    return 1 if sys.platform == "darwin" else 1024
