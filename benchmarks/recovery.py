"""How soon does a job go on whose worker was killed?

Runs the embedded stack with its default lease, trains, and kills: the pool process, whose parent
knows at once, and the whole worker, of which only the lease tells. Seconds until the job is queued
again, and until it trains again. The floor of the latter is what a new process needs to load
TensorFlow and to trace the model; of the former, for a worker, the lease itself.

python benchmarks/recovery.py [--pool 10] [--workers 3]
"""

import argparse
import os
import signal
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

import workbench  # noqa: F401  (puts the checkout on the path)

from cli.client import Client
from shared.corpora.sources import python_reference
from shared.settings import Settings
from tests.support.stacks import Stack, running_stack, wait_for, worker_processes

ENVIRONMENT = {
    # It is killed sooner than it finishes an epoch.
    "CHARLOOM_MAX_LOSSES": "1000",
} | {
    f"CHARLOOM_{name.upper()}": str(Settings.model_fields[name].default)
    for name in ("lease_seconds", "renew_seconds", "sweep_seconds")
}
LEASE = float(Settings.model_fields["lease_seconds"].default)
QUEUED_LIMIT, TRAINS_LIMIT, LEASE_LIMIT = 1.0, 10.0, LEASE + 5
SPEC = {"preset": "tiny", "epochs": 10_000, "max_windows": 6_400, "sample_length": 0}


def main() -> None:
    """Kill one at a time; print median and worst, and fail where a limit is not met."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pool", type=int, default=10)
    parser.add_argument("--workers", type=int, default=3)
    args = parser.parse_args()
    with (
        tempfile.TemporaryDirectory() as folder,
        running_stack(Path(folder, "data"), ENVIRONMENT) as stack,
        stack.client() as client,
    ):
        corpus = client.add_corpus("text", text=python_reference()[:50_000])
        job = client.train(corpus["id"], **SPEC)["id"]
        pool = [_recovery(stack, client, job, -1) for _ in range(args.pool)]
        workers = [_recovery(stack, client, job, 0) for _ in range(args.workers)]
    limits = [
        _print("pool process killed, queued", [q for q, _ in pool], max, QUEUED_LIMIT),
        _print("pool process killed, trains", [t for _, t in pool], median, TRAINS_LIMIT),
        _print("worker killed, queued", [q for q, _ in workers], max, LEASE_LIMIT),
    ]
    if not all(limits):
        raise SystemExit("a limit is not met")


def _recovery(stack: Stack, client: Client, job: str, which: int) -> tuple[float, float]:
    """Kill a process of the training worker; return when its job was queued, when it trained."""
    attempt = client.job(job)["attempt"]
    wait_for(lambda: _trains(client.job(job), attempt), 120)
    before = client.job(job)["attempt"]
    os.kill(worker_processes(stack, "train")[which], signal.SIGKILL)
    begun = time.monotonic()
    wait_for(lambda: client.job(job)["status"] == "queued" or client.job(job)["attempt"] > before,
             3 * LEASE_LIMIT)  # fmt: skip
    queued = time.monotonic() - begun
    wait_for(lambda: _trains(client.job(job), before + 1), 120)
    trains = time.monotonic() - begun
    print(f"{'worker' if which == 0 else 'pool process'} killed: queued after {queued:.2f} s, "
          f"trains after {trains:.2f} s", flush=True)  # fmt: skip
    return queued, trains


def _trains(job: dict[str, Any], attempt: int) -> bool:
    """Tell whether a job makes progress in this attempt or a later one."""
    key = (job["id"], job["attempt"])
    progress = (job["progress"]["epoch"], job["progress"]["step"])
    seen = _progress.setdefault(key, progress)
    return job["status"] == "running" and job["attempt"] >= attempt and progress != seen


# The progress with which an attempt began, as first seen.
_progress: dict[tuple[str, int], tuple[int, int]] = {}


def _print(
    name: str, seconds: list[float], judged: Callable[[list[float]], float], limit: float
) -> bool:
    """Print a line and tell whether the limit is met."""
    print(
        f"{name} again: median {median(seconds):.2f} s, worst {max(seconds):.2f} s "
        f"(limit of the {'median' if judged is median else 'worst'}: {limit:g} s)"
    )
    return judged(seconds) <= limit


if __name__ == "__main__":
    main()
