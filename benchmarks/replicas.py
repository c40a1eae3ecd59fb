"""Speed of one run on one device and on two logical devices of the same processor, in turn.

Nothing can be gained here: one device has the cores busy already, and both have the same ones. What
shows is what sharing out costs; what several cards gain shows on several cards only. It ends with
an error where the losses are not the same.

python benchmarks/replicas.py [--rounds 3] [--windows 8000] [--preset fast]
"""

import argparse
import os
import sys
from pathlib import Path
from statistics import median
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import numpy as np

from shared.specs import training_spec
from worker.engine import warm_up
from worker.engine.reports import EpochDone, EpochRecord
from worker.engine.vocabulary import Vocabulary

LETTERS = "".join(map(chr, range(60, 125)))
TOLERANCE = 1e-4


def main() -> None:
    """Run pairs; print the ratios of their speeds."""
    args = _arguments()
    warm_up(2)
    vocabulary = Vocabulary(LETTERS)
    text = np.random.default_rng(0).integers(0, len(LETTERS), 100_000).astype(np.uint8)
    for devices in (1, 2):  # What is compiled is no part of the figure.
        _train(text, vocabulary, args.preset, devices, 256)
    pairs = []
    for number in range(args.rounds):
        order = (2, 1) if number % 2 else (1, 2)
        told = {d: _train(text, vocabulary, args.preset, d, args.windows) for d in order}
        pairs.append((told[1], told[2]))
        print(_line(pairs[-1:]), flush=True)
    print(f"medians, {os.cpu_count()} cores: {_line(pairs)}")
    if any(abs(one.loss - two.loss) > TOLERANCE for one, two in pairs):
        raise SystemExit(f"the losses differ by more than {TOLERANCE:g}")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--windows", type=int, default=8_000)
    parser.add_argument("--preset", default="fast")
    return parser.parse_args()


def _train(
    text: Any, vocabulary: Vocabulary, preset: str, devices: int, windows: int
) -> EpochRecord:
    """Return what an epoch was like."""
    from worker.engine.training import TrainingRun

    fields = {"devices": devices, "epochs": 1, "max_windows": windows, "sample_length": 0,
              "validation_fraction": 0}  # fmt: skip
    reports = list(TrainingRun(training_spec(preset, fields), text, vocabulary))
    return next(report.record for report in reports if isinstance(report, EpochDone))


def _line(pairs: list[tuple[EpochRecord, EpochRecord]]) -> str:
    one, two = (median(r.characters_per_second for r in side) for side in zip(*pairs, strict=True))
    ratio = median(b.characters_per_second / a.characters_per_second for a, b in pairs)
    return f"one device {one:,.0f} characters a second, two {two:,.0f}, ratio {ratio:.2f}"


if __name__ == "__main__":
    main()
