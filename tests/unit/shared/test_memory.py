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

# Of pieces in a row, too small to be mapped one by one, every thirtieth stays.
BETWEEN = """
import sys, time
from pathlib import Path
from shared.memory import give_back, give_back_every

def own():
    lines = Path("/proc/self/smaps_rollup").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("Pss_Anon"))

before = own()
pieces = [b"x" * 60_000 for _ in range(1000)]
kept = pieces[::30]
del pieces
if sys.argv[1] == "asked" and not give_back():
    print("not glibc")
    sys.exit()
if sys.argv[1] == "every so often":
    give_back_every(0.05)
    end = time.monotonic() + 20
    while own() - before > 10_000 and time.monotonic() < end:
        time.sleep(0.05)
print(own() - before)
"""


def left(how: str, script: str = SCRIPT) -> str:
    """Return how many kilobytes a process keeps of what it freed."""
    command = [sys.executable, "-c", script, how]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


@pytest.mark.skipif(sys.platform != "linux", reason="memory is read from /proc")
def test_freed_texts_are_given_back() -> None:
    """Of sixteen texts of four megabytes hardly anything stays, and by itself much would."""
    told = left("told")
    if told == "not glibc":
        pytest.skip("another C library: it is not told")
    assert int(told) < 4_000
    assert int(left("by itself")) > 20_000


@pytest.mark.skipif(sys.platform != "linux", reason="memory is read from /proc")
@pytest.mark.parametrize("how", ["asked", "every so often"])
def test_what_lies_between_is_given_back(how: str) -> None:
    """Sixty megabytes are freed and two stay, spread over all of it: nearly all of it goes."""
    if left("asked", BETWEEN) == "not glibc":
        pytest.skip("another C library: it cannot be asked")
    assert int(left(how, BETWEEN)) < 10_000
    assert int(left("by itself", BETWEEN)) > 40_000
