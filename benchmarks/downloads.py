"""Do large downloads take the web server's memory?

One web process sends a text of 100 MB and a model of 100 MB, several at once, and the end of each
by a range: how much more memory it holds at its peak than before. Linux.

python benchmarks/downloads.py [--megabytes 100] [--at-once 6]
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import httpx
from pairs import at_most, finish
from workbench import Workbench, workbench
from yardsticks import CHECKOUT

from shared.blobs import CHUNK_BYTES, StoredBlob, write_blob
from shared.checkpoints.queries import list_checkpoints
from shared.checkpoints.services import NewCheckpoint
from shared.jobs.records import NewOutput, record_epoch, record_output
from shared.jobs.rows import Lease
from shared.jobs.services import claim

Downloads = Sequence[Callable[[], float]]

TOKEN, PORT_LINE = "benchmark", "Listening at: "
MORE_MB, RANGE_SECONDS = 32.0, 0.5
NUMBERS = {"epoch": 1, "loss": 2.0, "val_loss": 2.0, "accuracy": 0.4, "val_accuracy": 0.4,
           "seconds": 1.0, "characters_per_second": 1.0}  # fmt: skip


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--megabytes", type=int, default=100)
    parser.add_argument("--at-once", type=int, default=6)
    args = parser.parse_args()
    with workbench() as bench:
        text, checkpoint = stored(bench, args.megabytes * 1_000_000)
        model = f"{checkpoint}/model.keras"
        kinds = {"output.txt": text, "model.keras": model, "bundle.zip": f"{checkpoint}/bundle.zip"}
        with web(bench) as (client, pid):
            # Threads, connections and caches are there before it is weighed.
            together([partial(part, client, path) for path in (text, model)] * 8)
            grown = {
                name: growth(pid, [partial(whole, client, path)] * args.at_once)
                for name, path in kinds.items()
            }
            seconds = [part(client, path) for path in (text, model) for _ in range(5)]
    finish(
        *(
            at_most(f"memory, {args.at_once} downloads at once of {name}, {args.megabytes} MB each",
                    "MB more", [grown[name]], MORE_MB, "limit: 0.25 MB each, a chunk")
            for name in kinds
        ),
        at_most("the last 1,000 bytes of 100 MB", "s", seconds, RANGE_SECONDS,
                "limit: one chunk of the blob is read"),
    )  # fmt: skip


def stored(bench: Workbench, size: int) -> tuple[str, str]:
    """Store a text and a model of ``size`` bytes; return where the API has them."""
    job = bench.submit(bench.add_text(b"It was the best of times. " * 400), preset="tiny")
    lease = claimed(bench, job.kind)
    blob, other = filled(bench, size, b"\x00"), filled(bench, 10, b"s")
    with bench.db.write() as session:
        model = NewCheckpoint(blob, "ab", 2.0, 2.0)
        record_epoch(session, lease, NUMBERS, (), model, other)
    with bench.db.read() as session:
        checkpoint = list_checkpoints(session, job.id).data[0].id
    writing = bench.submit_generation(checkpoint)
    output = NewOutput(
        number=1, temperature=0.5, prompt="a", prompt_report={}, characters=size, rng_seed=1,
        finish_reason="length", text=None, blob=filled(bench, size, b"a"),
    )  # fmt: skip
    lease = claimed(bench, writing.kind)
    with bench.db.write() as session:
        record_output(session, lease, output)
    return f"jobs/{writing.id}/output.txt", f"checkpoints/{checkpoint}"


def claimed(bench: Workbench, kind: str) -> Lease:
    """Claim the only waiting job."""
    with bench.db.write() as session:
        job = claim(session, kind, "benchmark:1", 3600)
    assert job is not None
    return Lease(job.id, job.attempt)


def filled(bench: Workbench, size: int, byte: bytes) -> StoredBlob:
    """Store ``size`` bytes."""
    count, rest = divmod(size, CHUNK_BYTES)
    sizes = [CHUNK_BYTES] * count + [rest]
    return write_blob(bench.db, (byte * each for each in sizes))


@contextmanager
def web(bench: Workbench) -> Iterator[tuple[httpx.Client, int]]:
    """Run one web process; yield a client of it and its number."""
    command = [sys.executable, "-m", "gunicorn", "--config", "python:web.serving", "--bind",
               "127.0.0.1:0", "--workers", "1"]  # fmt: skip
    own = {"CHARLOOM_DATABASE_URL": bench.settings.database_url, "CHARLOOM_TOKEN": TOKEN,
           "CHARLOOM_REDIS_URL": "redis://127.0.0.1:1/0"}  # fmt: skip
    with tempfile.NamedTemporaryFile() as log:
        process = subprocess.Popen(command, env=os.environ | own, cwd=CHECKOUT, stderr=log)
        try:
            url = f"{address(Path(log.name))}/api/v1/"
            children = Path(f"/proc/{process.pid}/task/{process.pid}/children")
            while not children.read_text().split():
                time.sleep(0.1)
            headers = {"Authorization": f"Bearer {TOKEN}"}
            with httpx.Client(base_url=url, headers=headers, timeout=300) as client:
                yield client, int(children.read_text().split()[0])
        finally:
            process.terminate()
            process.wait()


def address(log: Path) -> str:
    """Return the address that gunicorn says it listens at."""
    while True:
        said = log.read_text()
        if PORT_LINE in said:
            return said.partition(PORT_LINE)[2].split()[0]
        time.sleep(0.1)


def growth(pid: int, downloads: Downloads) -> float:
    """Return by how many MB the process' peak, while it sends, is above what it held before."""
    before = held(pid, "VmRSS")
    # Forgets the peak so far.
    Path(f"/proc/{pid}/clear_refs").write_text("5")
    together(downloads)
    return (held(pid, "VmHWM") - before) / 1e6


def held(pid: int, name: str) -> float:
    """Return a line of the process' status in bytes."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(1024 * float(line.split()[1]) for line in lines if line.startswith(f"{name}:"))


def together(downloads: Downloads) -> None:
    """Do all of them at once."""
    with ThreadPoolExecutor(len(downloads)) as threads:
        for done in [threads.submit(each) for each in downloads]:
            done.result()


def whole(client: httpx.Client, path: str) -> float:
    """Download a file whole, keeping nothing of it; return the seconds."""
    begun, size = time.monotonic(), 0
    with client.stream("GET", path) as answer:
        answer.raise_for_status()
        for piece in answer.iter_raw():
            size += len(piece)
        assert size == int(answer.headers.get("Content-Length", size))
    return time.monotonic() - begun


def part(client: httpx.Client, path: str) -> float:
    """Download the last bytes of a file; return the seconds."""
    begun = time.monotonic()
    answer = client.get(path, headers={"Range": "bytes=-1000"})
    assert (answer.status_code, len(answer.content)) == (206, 1000)
    return time.monotonic() - begun


if __name__ == "__main__":
    main()
