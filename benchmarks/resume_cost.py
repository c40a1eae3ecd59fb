"""What do resume states inside an epoch cost?

Trains the seed preset with a state every 30 s, as by default, and without any, in turn; whole
jobs, by the wall clock. As the difference is near the noise of a shared machine, the same with a
state every second, of which a thirtieth is what the default costs.

python benchmarks/resume_cost.py [CORPUS] [--rounds 3] [--windows 220000] [--short-windows 45000]
"""

import argparse
import time
from pathlib import Path
from statistics import median

from workbench import workbench
from yardsticks import CORPUS

LIMIT = 1.02
NEVER, DEFAULT, OFTEN = 1e9, 30.0, 1.0


def main() -> None:
    """Run pairs of jobs; print the ratios of their times."""
    args = _arguments()
    text = args.corpus.read_bytes()
    _time(text, 1_000, NEVER)
    default = _ratio(text, args.windows, DEFAULT, args.rounds)
    often = _ratio(text, args.short_windows, OFTEN, args.rounds)
    scaled = 1 + (often - 1) * OFTEN / DEFAULT
    print(
        f"with a state every {DEFAULT:g} s {default:.4f} times as long as without "
        f"(limit {LIMIT}); scaled from a state every {OFTEN:g} s: {scaled:.4f}"
    )
    if min(default, scaled) > LIMIT:
        raise SystemExit("the limit is not met")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("corpus", type=Path, nargs="?", default=CORPUS)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--windows", type=int, default=220_000)
    parser.add_argument("--short-windows", type=int, default=45_000)
    return parser.parse_args()


def _ratio(text: bytes, windows: int, seconds: float, rounds: int) -> float:
    """Return the median of how much longer a run takes with states than the one beside it."""
    ratios = []
    for number in range(rounds):
        # Which goes first alternates, so that a machine that slows down favours neither.
        order = (seconds, NEVER) if number % 2 else (NEVER, seconds)
        times = {every: _time(text, windows, every) for every in order}
        ratios.append(times[seconds] / times[NEVER])
        print(
            f"a state every {seconds:g} s: {times[seconds]:.1f} s, none: {times[NEVER]:.1f} s, "
            f"ratio {ratios[-1]:.4f}",
            flush=True,
        )
    return median(ratios)


def _time(text: bytes, windows: int, state_seconds: float) -> float:
    """Return the seconds that a job of one epoch takes."""
    with workbench(state_seconds=state_seconds) as bench:
        corpus = bench.add_text(text)
        begun = time.perf_counter()
        bench.train(
            corpus, preset="seed", epochs=1, max_windows=windows,
            validation_fraction=0.0, sample_length=0,
        )  # fmt: skip
        return time.perf_counter() - begun


if __name__ == "__main__":
    main()
