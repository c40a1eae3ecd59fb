"""How many windows a second does a card train on, against PyTorch on the same card?

Both with cuDNN: the preset `seed`, two layers of 512 units in full precision, and in half. Wants an
NVIDIA card, and PyTorch that finds it.

python benchmarks/card_training.py [CORPUS] [--pairs 5]
"""

import argparse

from pairs import Figure, compare, finish, parser
from yardsticks import CHECKOUT, run

HERE = CHECKOUT / "benchmarks"
BATCHES = 200
# What is measured, of which shape, with how large batches, and how fast against PyTorch.
CASES = (
    ("`seed`", {"units": 128, "layers": 1, "batch_size": 128}, (), 1.0),
    ("two layers of 512, every position", {"units": 512, "layers": 2, "batch_size": 128}, (), 1.0),
    ("the same in half precision", {"units": 512, "layers": 2, "batch_size": 128}, ("mixed",), 1.0),
    ("batches of 1024 in half precision", {"units": 512, "layers": 2, "batch_size": 1024},
     ("mixed",), 1.0),
)  # fmt: skip


def main() -> None:
    """Print the ratios."""
    args = parser(__doc__).parse_args()
    finish(*(_against(args, *case) for case in CASES))


def _against(
    args: argparse.Namespace, what: str, shape: dict[str, int], mixed: tuple[str, ...], least: float
) -> Figure:
    every = shape["layers"] > 1
    sizes = {"max_windows": BATCHES * shape["batch_size"], "step": 1, "validation_fraction": 0.0,
             "sample_length": 0, "precision": "mixed" if mixed else "float32",
             "loss_at": "every" if every else "last"}  # fmt: skip
    fields = [f"{name}={value}" for name, value in (shape | sizes).items()]

    def ours() -> float:
        told = run(HERE / "train_once.py", args.corpus, "--epochs", 3, *fields)
        return told.figure("windows/s")

    def torch() -> float:
        words = ["--units", shape["units"], "--layers", shape["layers"], "--steps", BATCHES,
                 "--batch", shape["batch_size"], "--device", "cuda"]  # fmt: skip
        words += (["--mixed"] if mixed else []) + (["--every-position"] if every else [])
        return run(HERE / "torch_training.py", args.corpus, *words).figure("windows/s")

    return compare(
        f"training on a card, {what}", "windows/s", ours, torch,
        against="PyTorch", wanted=least, pairs=args.pairs,
    )  # fmt: skip


if __name__ == "__main__":
    main()
