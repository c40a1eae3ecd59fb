"""Run a training job on a warm worker, and print each epoch: seconds since the claim, validation.

python benchmarks/fast_job.py CORPUS [--preset fast] [--seed 0] [--until LOSS]

With --until the job is cancelled after the first epoch whose validation loss is no higher.
"""

import argparse
import threading
import time
from pathlib import Path

from workbench import Workbench, workbench

from shared.jobs.models import Job
from shared.jobs.services import cancel
from worker.engine import warm_up

LOOK_SECONDS = 0.2


def main() -> None:
    """Run the job."""
    args = _arguments()
    warm_up()
    with workbench(renew_seconds=0.5) as bench:
        corpus = bench.add_text(args.corpus.read_bytes())
        job = bench.submit(corpus, preset=args.preset, rng_seed=args.seed)
        if args.until is None:
            done = bench.work(job)
        else:
            threading.Thread(target=_watch, args=(bench, job, args.until), daemon=True).start()
            done = bench.work(job, "cancelled")
        assert done.started_at is not None
        for row in bench.epochs(job):
            seconds = (row.created_at - done.started_at).total_seconds()
            print(f"epoch {row.epoch} seconds {seconds:.2f} validation {row.val_loss or 0:.4f}")


def _watch(bench: Workbench, job: Job, goal: float) -> None:
    """Cancel the job as soon as it is good enough."""
    while not any((row.val_loss or goal + 1) <= goal for row in bench.epochs(job)):
        time.sleep(LOOK_SECONDS)
    with bench.db.write() as session:
        cancel(session, job.id)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("corpus", type=Path)
    parser.add_argument("--preset", default="fast")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--until", type=float)
    return parser.parse_args()


if __name__ == "__main__":
    main()
