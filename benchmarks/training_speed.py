"""How many windows a second are trained on, against Keras' `fit` and PyTorch?

The preset `seed` (the loss on the next character) against both; the loss at every position against
PyTorch. Whole training steps of batches of 128 windows of 100 characters, LSTM(128).

python benchmarks/training_speed.py [CORPUS] [--pairs 5]
"""

from pairs import Figure, compare, finish, parser
from yardsticks import CHECKOUT, YARDSTICKS, run

HERE = CHECKOUT / "benchmarks"
# A window's products: forth, and back twice, over 100 steps; the last layer at every position.
MEGAFLOPS = 3 * 2 * 100 * 128 * 4 * 128 / 1e6
MORE_MEGAFLOPS = 3 * 2 * 100 * 128 * 65 / 1e6


def main() -> None:
    """Print the three ratios, with the limit that matrix products set."""
    args = parser(__doc__).parse_args()
    recipe, rate = YARDSTICKS / "torch_recipe.py", run(HERE / "matrix_rate.py").figure("GFLOP/s")

    def ours(*fields: str) -> float:
        sizes = ("--epochs", 3, "max_windows=12800", "sample_length=0", "validation_fraction=0.0")
        return run(HERE / "train_once.py", args.corpus, *sizes, *fields).figure("windows/s")

    def torch(*words: str) -> float:
        return run(recipe, args.corpus, *words).figure("windows/s")

    def keras() -> float:
        words = ("--windows", 12_800, "--rounds", 3)
        return run(YARDSTICKS / "seed_recipe.py", args.corpus, *words).figure("windows/s")

    def against(what: str, yardstick: str, wanted: float, every: bool = False) -> Figure:
        mine = (lambda: ours("loss_at=every")) if every else ours
        theirs = keras if yardstick == "Keras fit" else torch
        chosen = (lambda: torch("--every-position")) if every else theirs
        megaflops = MEGAFLOPS + (MORE_MEGAFLOPS if every else 0)
        return compare(
            what, "windows/s", mine, chosen, against=yardstick, wanted=wanted, pairs=args.pairs,
            limit=f"limit: {rate * 1000 / megaflops:,.0f} windows/s, matrix products alone "
            f"({megaflops:.1f} MFLOP a window at {rate:.0f} GFLOP/s)",
        )  # fmt: skip

    finish(
        against("training, `seed`", "PyTorch", 1.5),
        against("training, `seed`", "Keras fit", 1.4),
        against("training, loss at every position", "PyTorch", 1.7, every=True),
    )


if __name__ == "__main__":
    main()
