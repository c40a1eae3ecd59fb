"""How long is a lease left without a renewal while its job is prepared and trained?

Runs whole jobs, with the default lease and its renewals: one on a text of 100 MB, of which the
preparation is most, and one that trains, validates, samples and stores at full load. Then once
more with a renewal every 0.1 s, which shows what holds the renewing thread up. No gap can be
shorter than the period; a third of the lease is the limit.

python benchmarks/lease_gaps.py [CORPUS] [--megabytes 100] [--windows 200000]
"""

import argparse
import time
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

from workbench import Workbench, workbench
from yardsticks import CORPUS

from worker import heartbeat

FAST = {"renew_seconds": 0.1}


def main() -> None:
    """Run both jobs with both periods; print the largest gaps."""
    args = _arguments()
    text = args.corpus.read_bytes()
    large = text * -(-args.megabytes * 1_000_000 // len(text))
    worst = max(_measure(text, large, args.windows, {}), _measure(text, large, args.windows, FAST))
    with workbench() as bench:
        limit = bench.settings.lease_seconds / 3
    print(f"largest gap {worst:.2f} s (limit {limit:.0f} s: a third of the lease)")
    if worst > limit:
        raise SystemExit("the limit is not met")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("corpus", type=Path, nargs="?", default=CORPUS)
    parser.add_argument("--megabytes", type=int, default=100)
    parser.add_argument("--windows", type=int, default=200_000)
    return parser.parse_args()


def _measure(text: bytes, large: bytes, windows: int, settings: dict[str, Any]) -> float:
    """Return the largest gap of both jobs, in seconds."""
    with workbench(**settings) as bench:
        small = {"preset": "seed", "epochs": 2, "max_windows": 5_000}
        full = {"preset": "seed", "epochs": 3, "max_windows": windows // 3}
        return max(
            _gap(bench, f"prepare {len(large) / 1e6:.0f} MB", large, small),
            _gap(bench, "train at full load", text, full),
        )


def _gap(bench: Workbench, name: str, text: bytes, spec: dict[str, Any]) -> float:
    corpus = bench.add_text(text)
    times = _renewals(lambda: bench.train(corpus, **spec))
    gaps = [later - earlier for earlier, later in pairwise(times)]
    period = bench.settings.renew_seconds
    print(
        f"{name}, a renewal every {period:g} s: {len(times) - 2} renewals in "
        f"{times[-1] - times[0]:.0f} s, largest gap {max(gaps):.2f} s, "
        f"{max(gaps) - period:.2f} s over the period",
        flush=True,
    )
    return max(gaps)


def _renewals(job: Callable[[], object]) -> list[float]:
    """Return when the job was claimed, when its lease was renewed, and when it ended."""
    real, times = heartbeat.renew, [time.monotonic()]  # type: ignore[attr-defined]

    def noting(*arguments: Any) -> str | None:
        requested: str | None = real(*arguments)
        times.append(time.monotonic())
        return requested

    heartbeat.renew = noting  # type: ignore[attr-defined, assignment]
    try:
        job()
    finally:
        heartbeat.renew = real  # type: ignore[attr-defined]
    return [*times, time.monotonic()]


if __name__ == "__main__":
    main()
