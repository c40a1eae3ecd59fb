"""How many characters a second are written, against what users have today?

LSTM(128), 65 characters, untrained weights (speed does not depend on them), temperature 0.6: one
stream with its state carried on, against PyTorch's; 64 streams against PyTorch's own batch of 64;
one stream with the article's sliding window against the article's loop.

python benchmarks/sampling_speed.py [--pairs 5]
"""

import argparse
import os

from pairs import PAIRS, Figure, compare, finish
from yardsticks import CHECKOUT, YARDSTICKS, run

HERE = CHECKOUT / "benchmarks"
# Weights that a character's products read, in megabytes, and how they are multiplied.
MEGABYTES = 4 * (128 * 512 + 128 * 65) / 1e6
MEGAFLOPS = 2 * (128 * 512 + 128 * 65) / 1e6


def main() -> None:
    """Print the three ratios."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pairs", type=int, default=PAIRS)
    pairs = parser.parse_args().pairs
    rate = run(HERE / "matrix_rate.py").figure("GFLOP/s")

    def against(what: str, ours: tuple[object, ...], theirs: tuple[object, ...], yardstick: str,
                wanted: float, limit: str) -> Figure:  # fmt: skip
        return compare(
            what, "characters/s",
            lambda: run(HERE / "write_once.py", *ours).figure("characters/s"),
            lambda: run(*theirs).figure("characters/s"),
            against=yardstick, wanted=wanted, pairs=pairs, limit=limit,
        )  # fmt: skip

    cores = os.cpu_count() or 1
    alone = rate * 1000 / cores / MEGAFLOPS
    recipe = YARDSTICKS / "samplers.py"
    finish(
        against("writing, one stream", ("--streams", 1), (recipe, "torch"), "PyTorch", 8,
                f"limit: {alone:,.0f} characters/s, matrix products alone on one core, each of "
                f"which reads {MEGABYTES:.2f} MB of weights for a single row"),
        against("writing, 64 streams", ("--streams", 64), (HERE / "torch_batch_sampler.py",),
                "PyTorch, a batch of 64", 2,
                f"limit: {cores * alone:,.0f} characters/s, matrix products alone, all cores"),
        against("writing, sliding window", ("--streams", 1, "--context", "window", "--length",
                2_000), (recipe, "keras"), "the article's loop", 15,
                f"limit: {alone / 100:,.0f} characters/s: 100 steps for each"),
    )  # fmt: skip


if __name__ == "__main__":
    main()
