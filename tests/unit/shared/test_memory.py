"""Memory is given back, however many threads had some."""

import subprocess
import sys

import pytest

# Sixteen threads hold a text each at the same time, twice: glibc learns from the first.
SCRIPT = """
import sys, threading
from pathlib import Path
from shared.memory import give_back_soon

def own():
    lines = Path("/proc/self/smaps_rollup").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("Pss_Anon"))

if sys.argv[1] == "told" and not give_back_soon():
    print("not glibc")
    sys.exit()
before, together, kept = own(), threading.Barrier(16), []
def work():
    for size in (4_000_000, 4_000_001):
        text = b"x" * size
        together.wait()
        kept.append(bytes(1000))
        del text
threads = [threading.Thread(target=work) for _ in range(16)]
[thread.start() for thread in threads]
[thread.join() for thread in threads]
print(own() - before)
"""


def left(how: str) -> str:
    """Return how many kilobytes a process keeps of what its threads freed."""
    command = [sys.executable, "-c", SCRIPT, how]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


@pytest.mark.skipif(sys.platform != "linux", reason="memory is read from /proc")
def test_freed_texts_are_given_back() -> None:
    """Of sixteen texts of four megabytes hardly anything stays, and by itself much would."""
    told = left("told")
    if told == "not glibc":
        pytest.skip("another C library: it is not told")
    assert int(told) < 4_000
    assert int(left("by itself")) > 20_000
