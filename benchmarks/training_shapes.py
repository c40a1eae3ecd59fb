"""Is any shape slower than PyTorch? Widths, stacked layers, a large vocabulary: windows a second.

python benchmarks/training_shapes.py [CORPUS] [--pairs 5]
"""

import argparse

from pairs import Figure, compare, finish, parser
from yardsticks import CHECKOUT, run

HERE = CHECKOUT / "benchmarks"
# Units, layers, vocabulary; batches of a round of each.
SHAPES = {
    "64 units": (64, 1, None, 100),
    "256 units": (256, 1, None, 20),
    "512 units": (512, 1, None, 8),
    "2 layers of 128": (128, 2, None, 30),
    "2 layers of 512": (512, 2, None, 4),
    "vocabulary of 4,000": (128, 1, 4_000, 10),
}


def main() -> None:
    """Print a ratio a shape."""
    args = _arguments()
    chosen = {name: shape for name, shape in SHAPES.items() if args.only in name}
    finish(*(_compare(args, name, *shape) for name, shape in chosen.items()))


def _compare(args: argparse.Namespace, name: str, units: int, layers: int, size: int | None,
             steps: int) -> Figure:  # fmt: skip
    words = ("--vocabulary", size) if size else ()
    fields = (
        f"units={units}", f"layers={layers}", f"max_windows={128 * steps}", "sample_length=0",
        "validation_fraction=0.0",
    )  # fmt: skip
    shape = ("--units", units, "--layers", layers, "--steps", steps)

    def ours() -> float:
        made = run(HERE / "train_once.py", args.corpus, *words, "--epochs", 3, *fields)
        return made.figure("windows/s")

    def theirs() -> float:
        return run(HERE / "torch_training.py", args.corpus, *words, *shape).figure("windows/s")

    return compare(
        f"training, {name}", "windows/s", ours, theirs, against="PyTorch", wanted=1.0,
        pairs=args.pairs,
    )  # fmt: skip


def _arguments() -> argparse.Namespace:
    words = parser(__doc__)
    words.add_argument("--only", default="", help="shapes whose name holds this")
    return words.parse_args()


if __name__ == "__main__":
    main()
