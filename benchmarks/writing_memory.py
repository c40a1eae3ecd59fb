"""Does a longer text take more memory to write?

One job that writes 100,000 characters and one that writes 10,000,000, each with a worker of its
own: the memory of the second, and how much more that is than the first's.

python benchmarks/writing_memory.py [CORPUS] [--characters 10000000]
"""

import argparse
from pathlib import Path

from pairs import at_most, finish
from yardsticks import CHECKOUT, CORPUS, run

JOB = CHECKOUT / "benchmarks" / "long_output.py"
GB, MORE_MB = 0.4, 16.0


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("corpus", type=Path, nargs="?", default=CORPUS)
    parser.add_argument("--characters", type=int, default=10_000_000)
    args = parser.parse_args()
    short, long = (run(JOB, args.corpus, "--characters", n) for n in (100_000, args.characters))
    assert long.figure("characters") == args.characters
    memory, before = (each.figure("memory") for each in (long, short))
    finish(
        at_most(f"memory, writing {args.characters:,} characters", "GB", [memory], GB,
                f"{long.figure('seconds'):.0f} s, {long.figure('events'):,.0f} events"),
        at_most("more than for 100,000", "MB", [(memory - before) * 1000], MORE_MB,
                "limit: 0, a text is stored as it is written"),
    )  # fmt: skip


if __name__ == "__main__":
    main()
