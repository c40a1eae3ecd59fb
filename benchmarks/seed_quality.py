"""Does the seed preset reach the article's quality, in the memory promised?

Trains it on 125,440 windows with three seeds, and the yardstick (plain Keras) in the same run:
validation loss, memory with TensorFlow included, and speed, each with its ratio.

python benchmarks/seed_quality.py [CORPUS] [--seeds 0 1 2] [--windows 125440]
"""

import argparse
from pathlib import Path
from statistics import median

from yardsticks import CHECKOUT, CORPUS, YARDSTICKS, Outcome, run

LOSS_LIMIT, MEMORY_LIMIT = 2.05, 1.2


def main() -> None:
    """Run the yardstick and every seed, one after the other; print figures and ratios."""
    args = _arguments()
    yardstick = run(
        YARDSTICKS / "seed_recipe.py", args.corpus, "--windows", args.windows, "--rounds", 1
    )
    _print("yardstick", yardstick)
    ours = [_train(args.corpus, args.windows, seed) for seed in args.seeds]
    loss = median(o.figure("validation") for o in ours)
    memory = max(o.memory for o in ours)
    speed = median(o.figure("windows/s") for o in ours)
    print(
        f"validation loss, median {loss:.3f} (limit {LOSS_LIMIT}), "
        f"ratio to the yardstick {loss / yardstick.figure('validation'):.3f}\n"
        f"memory, most {memory:.2f} GB (limit {MEMORY_LIMIT}), "
        f"ratio {memory / yardstick.memory:.2f}\n"
        f"windows/s, median {speed:.0f}, ratio {speed / yardstick.figure('windows/s'):.2f}"
    )
    if loss > LOSS_LIMIT or memory > MEMORY_LIMIT:
        raise SystemExit("a limit is not met")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("corpus", type=Path, nargs="?", default=CORPUS)
    parser.add_argument("--windows", type=int, default=125_440)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    return parser.parse_args()


def _train(corpus: Path, windows: int, seed: int) -> Outcome:
    script = CHECKOUT / "benchmarks" / "train_once.py"
    outcome = run(script, corpus, "--epochs", 1, f"max_windows={windows}", f"rng_seed={seed}")
    _print(f"charloom, seed {seed}", outcome)
    return outcome


def _print(name: str, outcome: Outcome) -> None:
    print(
        f"{name}: validation {outcome.figure('validation'):.3f}, memory {outcome.memory:.2f} GB, "
        f"{outcome.figure('windows/s'):.0f} windows/s",
        flush=True,
    )


if __name__ == "__main__":
    main()
