"""Do five hundred listeners of one job starve the other requests?

Runs the embedded stack, trains, and lets 500 listen to the job, each of them cut off and come again
at random; meanwhile somebody asks for the job twenty times a second. Every listener must be sent
every event exactly once. The floor of an answer is the one on the same machine, with the same
training run, without listeners.

python benchmarks/listeners.py [--listeners 500] [--rounds 3]
"""

import argparse
import tempfile
import time
from pathlib import Path
from statistics import median

import workbench  # noqa: F401  (puts the checkout on the path)
from pairs import at_most, finish

from cli.client import Client
from shared.corpora.sources import python_reference
from tests.support.listening import Poller, listen_all
from tests.support.stacks import Stack, running_stack

# The defaults: what the tests' stacks have is quicker to lose a lease.
ENVIRONMENT = {"CHARLOOM_LEASE_SECONDS": "30", "CHARLOOM_RENEW_SECONDS": "5"}
SPEC = {"preset": "tiny", "epochs": 60, "max_windows": 12_800}


def main() -> None:
    """Print how long an answer takes, and fail where it is too long or an event is missing."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--listeners", type=int, default=500)
    parser.add_argument("--rounds", type=int, default=3)
    args = parser.parse_args()
    with (
        tempfile.TemporaryDirectory() as folder,
        running_stack(Path(folder, "data"), ENVIRONMENT) as stack,
        stack.client() as client,
    ):
        corpus = client.add_corpus("text", text=python_reference()[:50_000])["id"]
        alone = _without(stack, client, corpus)
        found = [_with(stack, client, corpus, args.listeners, n) for n in range(args.rounds)]
    limit = f"limit: {1000 * alone:.1f} ms, without listeners, beside the same training run"
    finish(
        at_most(f"asking for a job beside {args.listeners} listeners", "ms",
                [1000 * seconds for seconds in found], 50, limit, held=median)
    )  # fmt: skip


def _without(stack: Stack, client: Client, corpus: str) -> float:
    job = client.train(corpus, **SPEC)["id"]
    with Poller(stack.url, stack.token, job) as poller:
        while client.job(job)["status"] != "succeeded":
            time.sleep(1)
    return poller.median


def _with(stack: Stack, client: Client, corpus: str, count: int, number: int) -> float:
    job = client.train(corpus, **SPEC)["id"]
    with Poller(stack.url, stack.token, job) as poller:
        listeners = listen_all(stack.url, stack.token, job, count, number)
    events = tuple(event["seq"] for event in client.rows(job, "events"))
    wrong = [listener for listener in listeners if tuple(listener.seen) != events]
    times = sum(listener.times for listener in listeners)
    print(f"{count} listeners cut off {times} times, {len(events)} events each; wrong: "
          f"{len(wrong)}; asked {len(poller.seconds)} times, median "
          f"{1000 * poller.median:.1f} ms", flush=True)  # fmt: skip
    assert not wrong
    return poller.median


if __name__ == "__main__":
    main()
