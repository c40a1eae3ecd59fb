"""What do resume states inside an epoch cost?

Trains the seed preset with a state every 30 s, as by default, and without any, in turn: seconds of
the whole job, processor seconds, and training speed, which leaves out what the training thread does
for states. As the difference is near the noise of a shared machine, the same with a state every
second, of which a thirtieth is what the default costs; the limit holds for one of the two.

python benchmarks/resume_cost.py [CORPUS] [--rounds 3] [--windows 220000] [--short-windows 45000]
"""

import argparse
import time
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from sqlalchemy import select
from workbench import workbench
from yardsticks import CORPUS

from shared.jobs.models import Epoch

LIMIT = 1.02
NEVER, DEFAULT, OFTEN = 1e9, 30.0, 1.0


@dataclass(frozen=True)
class Cost:
    """What a job took: seconds by the wall clock, seconds of all cores; windows a second."""

    wall: float
    processor: float
    speed: float


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
    pairs = []
    for number in range(rounds):
        # Which goes first alternates, so that a machine that slows down favours neither.
        order = (seconds, NEVER) if number % 2 else (NEVER, seconds)
        costs = {every: _time(text, windows, every) for every in order}
        pairs.append((costs[seconds], costs[NEVER]))
        print(f"a state every {seconds:g} s, then none: {_line(pairs[-1:])}", flush=True)
    print(f"a state every {seconds:g} s to none, medians: {_line(pairs)}", flush=True)
    return median(states.wall / none.wall for states, none in pairs)


def _line(pairs: list[tuple[Cost, Cost]]) -> str:
    """Return the figures of a pair, or the medians of several, with their ratios."""
    words = []
    for name in ("wall", "processor", "speed"):
        both = [(getattr(states, name), getattr(none, name)) for states, none in pairs]
        states, none = (median(side) for side in zip(*both, strict=True))
        words.append(f"{name} {states:.1f} {none:.1f} ratio {median(a / b for a, b in both):.4f}")
    return ", ".join(words)


def _time(text: bytes, windows: int, state_seconds: float) -> Cost:
    """Return what a job of one epoch costs."""
    with workbench(state_seconds=state_seconds) as bench:
        corpus = bench.add_text(text)
        begun, used = time.perf_counter(), time.process_time()
        job = bench.train(
            corpus, preset="seed", epochs=1, max_windows=windows,
            validation_fraction=0.0, sample_length=0,
        )  # fmt: skip
        wall, processor = time.perf_counter() - begun, time.process_time() - used
        with bench.db.read() as session:
            query = select(Epoch.characters_per_second).where(Epoch.job_id == job.id)
            speed = session.scalars(query).one()
        return Cost(wall, processor, speed)


if __name__ == "__main__":
    main()
