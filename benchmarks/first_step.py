"""How soon does a job that is submitted do its first training step?

Runs the embedded stack as it is by default. The worker is idle and has trained this shape before;
each job is submitted over the API, and its events are listened to: seconds from the request to the
first progress with a step done. The floor is the same run without the queue: prepared and stepped
once in a process that has compiled it.

python benchmarks/first_step.py [--jobs 15]
"""

import argparse
import json
import os
import tempfile
import time
from pathlib import Path
from statistics import median

import httpx
import workbench  # noqa: F401  (puts the checkout on the path)
from pairs import at_most, finish

from cli.client import Client
from shared.corpora.sources import python_reference
from tests.support.stacks import Stack, running_stack, wait_for

# Progress is told every half second of training: the first step of such batches takes less.
SPEC = {"preset": "fast", "epochs": 1, "max_windows": 3_200}
PAUSE_SECONDS = 1.0


def main() -> None:
    """Print the median, and fail where it is over a second."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--jobs", type=int, default=15)
    jobs = parser.parse_args().jobs
    with (
        tempfile.TemporaryDirectory() as folder,
        running_stack(Path(folder, "data")) as stack,
        stack.client() as client,
    ):
        corpus = client.add_corpus("text", text=python_reference())["id"]
        _first_step(stack, client, corpus)
        found = [_first_step(stack, client, corpus) for _ in range(jobs)]
    floor = _floor()
    limit = f"limit: {floor:.2f} s, the run prepared and its first batches done, without a queue"
    finish(at_most("from submission to the first training step", "s", found, 1, limit, held=median))


def _first_step(stack: Stack, client: Client, corpus: str) -> float:
    """Submit a job; return the seconds to its first step, when it has ended."""
    time.sleep(PAUSE_SECONDS)
    begun = time.monotonic()
    job = client.train(corpus, **SPEC)["id"]
    headers = {"Authorization": f"Bearer {stack.token}", "Accept": "text/event-stream"}
    url = f"{stack.url}/api/v1/jobs/{job}/events"
    with httpx.stream("GET", url, headers=headers, timeout=60, trust_env=False) as answer:
        for line in answer.iter_lines():
            if line.startswith("data: ") and json.loads(line[6:]).get("step"):
                break
        seconds = time.monotonic() - begun
    print(f"first step after {seconds:.2f} s", flush=True)
    wait_for(lambda: client.job(job)["status"] == "succeeded", 120)
    return seconds


def _floor() -> float:
    """Return the seconds from a spec to its first progress, the second time in this process."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    from shared.specs import training_spec
    from worker.engine.training import TrainingRun
    from worker.engine.vocabulary import Vocabulary

    text = python_reference()
    vocabulary = Vocabulary.from_text(text)
    spec = training_spec("fast", {name: SPEC[name] for name in ("epochs", "max_windows")})
    seconds = 0.0
    for _ in range(2):
        begun = time.monotonic()
        next(iter(TrainingRun(spec, vocabulary.encode(text), vocabulary)))
        seconds = time.monotonic() - begun
    return seconds


if __name__ == "__main__":
    main()
