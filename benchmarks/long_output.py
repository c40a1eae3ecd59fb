"""Write one long text as a job; print how long it took, and the most memory the worker held.

python benchmarks/long_output.py CORPUS [--characters 10000000]

The model is trained by a process of its own, so that the memory is that of writing alone.
"""

import argparse
import multiprocessing
import time
from pathlib import Path

from workbench import Workbench, memory_gb, workbench

from shared.checkpoints.queries import list_checkpoints
from shared.db import Database
from shared.jobs.queries import list_outputs, output_text
from shared.settings import load_settings


def main() -> None:
    """Print characters, seconds, GB and how many events told of the text."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("corpus", type=Path)
    parser.add_argument("--characters", type=int, default=10_000_000)
    args = parser.parse_args()
    with workbench() as bench:
        with multiprocessing.get_context("spawn").Pool(1) as pool:
            checkpoint = pool.apply(train, (bench.settings.database_url, args.corpus))
        job = bench.submit_generation(checkpoint, length=args.characters)
        begun = time.monotonic()
        done = bench.work(job)
        seconds, memory = time.monotonic() - begun, memory_gb()
        with bench.db.read() as session:
            (output,) = list_outputs(session, job.id).data
        written = sum(map(len, output_text(bench.db, output)))
    print(f"characters {written} seconds {seconds:.2f} memory {memory:.4f} events {done.event_seq}")


def train(url: str, path: Path) -> str:
    """Train the article's layers for a moment; return the checkpoint's id."""
    bench = Workbench(Database(url), load_settings(database_url=url))
    job = bench.train(bench.add_text(path.read_bytes()), epochs=1, max_windows=6_400)
    with bench.db.read() as session:
        return list_checkpoints(session, job.id).data[0].id


if __name__ == "__main__":
    main()
