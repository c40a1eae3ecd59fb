"""How soon are 400 characters there while every training slot is busy?

Runs the embedded stack, trains a model of the article's size for a moment, and writes with it, from
the submission to the job's success: first while nothing trains, which is the yardstick, then while
as many runs of `seed` as there are slots keep the cores busy. The generate worker is a pool of its
own and has the model in memory after its first text.

python benchmarks/generation_busy.py [--texts 20]
"""

import argparse
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

import workbench  # noqa: F401  (puts the checkout on the path)

from cli.client import Client
from shared.corpora.sources import python_reference
from tests.support.stacks import running_stack, wait_for

LIMIT = 1.0
LENGTH = 400
POLL_SECONDS = 0.01
MODEL = {"preset": "seed", "epochs": 1, "max_windows": 1280, "sample_length": 0}
BUSY = {"preset": "seed", "epochs": 10_000, "sample_length": 0}


def main() -> None:
    """Print both medians; fail where a text took too long while training went on."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--texts", type=int, default=20)
    texts = parser.parse_args().texts
    with (
        tempfile.TemporaryDirectory() as folder,
        running_stack(Path(folder, "data")) as stack,
        stack.client() as client,
    ):
        corpus = client.add_corpus("text", text=python_reference()[:200_000])["id"]
        trained = client.train(corpus, **MODEL)["id"]
        client.wait(trained)
        checkpoint = client.get(f"/jobs/{trained}/checkpoints")["data"][-1]["id"]
        _seconds(client, checkpoint)
        idle = [_seconds(client, checkpoint) for _ in range(texts)]
        _keep_busy(client, corpus)
        busy = [_seconds(client, checkpoint) for _ in range(texts)]
    _tell("while nothing trains", idle)
    _tell("while every training slot is busy", busy)
    print(f"ratio {median(busy) / median(idle):.2f}; at most {LIMIT:g} s")
    sys.exit(median(busy) >= LIMIT)


def _keep_busy(client: Client, corpus: str) -> None:
    """Let a run train on each slot."""
    slots = sum("train" in worker["queues"] for worker in client.get("/workers")["data"])
    jobs = [client.train(corpus, **BUSY)["id"] for _ in range(slots)]
    wait_for(lambda: all(client.job(job)["progress"]["step"] > 0 for job in jobs), 120)


def _seconds(client: Client, checkpoint: str) -> float:
    """Return the seconds from a submission to its success."""
    begin = time.perf_counter()
    job = client.generate(checkpoint, length=LENGTH)["id"]
    while client.job(job)["status"] != "succeeded":
        time.sleep(POLL_SECONDS)
    return time.perf_counter() - begin


def _tell(what: str, found: list[float]) -> None:
    print(f"{LENGTH} characters {what}: median {median(found):.3f} s, worst {max(found):.3f} s")


if __name__ == "__main__":
    main()
