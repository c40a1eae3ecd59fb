"""How much memory does a training process hold, and how soon does a long text start to train?

The preset `seed` on tinyshakespeare, TensorFlow included, beside plain Keras with streamed batches;
then whole jobs on texts of 50 and 100 MB: memory, bytes a character between the two, and the
seconds from the claim to the first progress that has a step behind it.

python benchmarks/training_memory.py [CORPUS] [--megabytes 100]
"""

import argparse
from pathlib import Path

from pairs import at_most, finish
from yardsticks import CHECKOUT, CORPUS, YARDSTICKS, run

HERE = CHECKOUT / "benchmarks"
SMALL_GB, LARGE_GB, BYTES, SECONDS = 1.0, 1.4, 4.0, 10.0


def main() -> None:
    """Print the figures."""
    args = _arguments()
    small = run(HERE / "train_once.py", args.corpus, "max_windows=25600").memory
    recipe = YARDSTICKS / "seed_recipe.py"
    keras = run(recipe, args.corpus, "--windows", 25_600, "--rounds", 1).memory
    half, whole = (
        run(HERE / "long_text.py", args.corpus, "--megabytes", size)
        for size in (args.megabytes // 2, args.megabytes)
    )
    characters = whole.figure("characters") - half.figure("characters")
    growth = (whole.figure("memory") - half.figure("memory")) * 1e9 / characters
    finish(
        at_most("memory, `seed` on tinyshakespeare", "GB", [small], SMALL_GB,
                f"Keras fit with streamed batches: {keras:.2f} GB"),
        at_most(f"memory, a text of {args.megabytes} MB", "GB", [whole.figure("memory")], LARGE_GB),
        at_most("memory a character of a longer text", "bytes", [growth], BYTES,
                "limit: 1 byte, an id of a vocabulary of at most 256 characters"),
        at_most(f"a text of {args.megabytes} MB, from the claim to the first steps", "s",
                [whole.figure("seconds")], SECONDS),
    )  # fmt: skip


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("corpus", type=Path, nargs="?", default=CORPUS)
    parser.add_argument("--megabytes", type=int, default=100)
    return parser.parse_args()


if __name__ == "__main__":
    main()
