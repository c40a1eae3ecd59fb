"""Run a short job on a long text; print how soon it trained, and the most memory it held.

python benchmarks/long_text.py CORPUS [--megabytes 100]

The text is the corpus as often as fits. It is stored by a process of its own, so that the memory
is that of the worker.
"""

import argparse
import multiprocessing
import time
from pathlib import Path

from workbench import Workbench, memory_gb, workbench

from shared.jobs.models import Job
from shared.jobs.rows import Lease
from worker import training
from worker.engine import warm_up
from worker.engine.reports import Progress
from worker.node import Node


def main() -> None:
    """Print characters, seconds and GB."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("corpus", type=Path)
    parser.add_argument("--megabytes", type=int, default=100)
    args = parser.parse_args()
    with workbench() as bench:
        with multiprocessing.get_context("spawn").Pool(1) as pool:
            corpus = pool.apply(store, (bench.settings.database_url, args.corpus, args.megabytes))
        warm_up()
        job = bench.submit(corpus, epochs=1, max_windows=12_800)
        seconds = _first_steps(bench, job)
    print(f"characters {args.megabytes * 1e6:.0f} seconds {seconds:.2f} memory {memory_gb():.3f}")


def store(url: str, path: Path, megabytes: int) -> str:
    """Store the text; return its corpus' id."""
    from shared.db import Database
    from shared.settings import load_settings

    text = path.read_bytes()
    long = (text * -(-megabytes * 1_000_000 // len(text)))[: megabytes * 1_000_000]
    return Workbench(Database(url), load_settings(database_url=url)).add_text(long)


def _first_steps(bench: Workbench, job: Job) -> float:
    """Run the job; return the seconds from its claim to its first report of steps."""
    first: list[float] = []
    real = training._progress

    def noted(node: Node, lease: Lease, progress: Progress) -> str | None:
        first.append(time.time())
        return real(node, lease, progress)

    training._progress = noted
    done = bench.work(job)
    assert done.started_at is not None
    return first[0] - done.started_at.timestamp()


if __name__ == "__main__":
    main()
