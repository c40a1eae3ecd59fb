"""Train one epoch of the seed preset on a text, and print its figures as the yardstick does.

python benchmarks/train_once.py CORPUS --windows 125440 --seed 0
"""

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from shared.specs import training_spec
from worker.engine.training import EpochDone, TrainingRun
from worker.engine.vocabulary import Vocabulary


def main() -> None:
    """Print windows per second and the validation loss."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("corpus", type=Path)
    parser.add_argument("--windows", type=int, default=125_440)
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    text = args.corpus.read_bytes().decode()
    vocabulary = Vocabulary.from_text(text)
    changes = {"epochs": 1, "max_windows": args.windows, "rng_seed": args.seed}
    run = TrainingRun(training_spec("seed", changes), vocabulary.encode(text), vocabulary)
    for report in run:
        if isinstance(report, EpochDone):
            record = report.record
            print(f"windows/s {record.characters_per_second:.0f} validation {record.val_loss:.3f}")


if __name__ == "__main__":
    main()
