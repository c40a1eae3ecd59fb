"""How soon is the article's quality reached, and how good is the end?

Jobs with the preset `fast`, from the claim to the epoch record whose validation loss is 1.83 or
less, compilation included, against plain Keras with the article's recipe. Then `fast` to its end,
with several seeds: none takes more than 4 minutes from the claim, and the median of the validation
losses is at most 1.55 nats.

python benchmarks/time_to_quality.py [CORPUS] [--pairs 5] [--ends 5]
"""

import argparse
import re
import subprocess
import sys
from pathlib import Path
from statistics import median

from pairs import PAIRS, at_most, compare, finish, parser
from yardsticks import CHECKOUT, YARDSTICKS, run

JOB = CHECKOUT / "benchmarks" / "fast_job.py"
GOAL, END, END_SECONDS = 1.83, 1.55, 240
# The yardstick judges itself after so many windows; finer than by default, to be fair to it.
ROUND, ROUNDS = 62_720, 16


def main() -> None:
    """Print the figures."""
    args = _arguments()
    seeds = iter(range(args.pairs))
    sooner = compare(
        f"time to a validation loss of {GOAL}, `fast`", "s",
        lambda: run(JOB, args.corpus, "--seed", next(seeds), "--until", GOAL).figure("seconds"),
        lambda: keras(args.corpus),
        against="Keras fit, the article's recipe", wanted=20, pairs=args.pairs, smaller=True,
        limit="ours from the claim to the epoch record, compilation included; Keras' are seconds "
        "of fit alone",
    )  # fmt: skip
    ends = [run(JOB, args.corpus, "--seed", seed) for seed in range(args.ends)]
    losses, seconds = ([end.figure(name) for end in ends] for name in ("validation", "seconds"))
    finish(
        sooner,
        at_most("`fast` to its end, validation loss", "nats", losses, END, held=median),
        at_most("`fast` to its end, from the claim", "s", seconds, END_SECONDS),
    )


def keras(corpus: Path) -> float:
    """Return the seconds of training until the yardstick's validation loss is low enough."""
    words = (YARDSTICKS / "seed_recipe.py", corpus, "--windows", ROUND, "--rounds", ROUNDS)
    process = subprocess.Popen(
        [sys.executable, *map(str, words)], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    for line in process.stdout:
        found = re.search(r"seconds ([\d.]+) .* validation ([\d.]+)", line)
        if found and float(found[2]) <= GOAL:
            process.kill()
            process.wait()
            return float(found[1])
    raise SystemExit(f"the yardstick did not reach {GOAL}")


def _arguments() -> argparse.Namespace:
    words = parser(__doc__)
    words.add_argument("--ends", type=int, default=PAIRS)
    return words.parse_args()


if __name__ == "__main__":
    main()
