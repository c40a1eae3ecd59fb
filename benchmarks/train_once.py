"""Train a preset on a text for some epochs, and print the last one's figures.

python benchmarks/train_once.py CORPUS [--preset seed] [--epochs 1] [NAME=VALUE ...]

NAME=VALUE are fields of the spec over the preset's. ``windows/s`` are of training alone: the first
epoch's, if it is not the only one, holds the compilation and is not shown. With --vocabulary V the
text is as many random ids under V.
"""

import argparse
import json
import resource
import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import numpy as np

from shared.specs import training_spec
from worker.engine.reports import EpochDone
from worker.engine.training import TrainingRun
from worker.engine.vocabulary import Vocabulary


def main() -> None:
    """Print windows per second, the validation loss and the most memory held, in GB."""
    args = _arguments()
    changes = dict(_field(word) for word in args.fields)
    vocabulary, ids = _text(args.corpus, args.vocabulary)
    spec = training_spec(args.preset, {"epochs": args.epochs} | changes)
    for report in TrainingRun(spec, ids, vocabulary):
        if isinstance(report, EpochDone):
            record = report.record
    each = spec.window if spec.loss_at == "every" else 1
    # Kibibytes, but on macOS bytes.
    unit = 1 if sys.platform == "darwin" else 1024
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e9
    print(
        f"windows/s {record.characters_per_second / each:.1f} "
        f"validation {record.val_loss or 0:.3f} memory {memory:.3f}"
    )


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("corpus", type=Path)
    parser.add_argument("fields", nargs="*")
    parser.add_argument("--preset", default="seed")
    parser.add_argument("--epochs", type=int, default=1)
    parser.add_argument("--vocabulary", type=int)
    return parser.parse_intermixed_args()


def _field(word: str) -> tuple[str, Any]:
    name, _, value = word.partition("=")
    try:
        return name, json.loads(value)
    except ValueError:
        return name, value


def _text(corpus: Path, size: int | None) -> tuple[Vocabulary, Any]:
    text = corpus.read_bytes().decode()
    if size is None:
        vocabulary = Vocabulary.from_text(text)
        return vocabulary, vocabulary.encode(text)
    vocabulary = Vocabulary("".join(map(chr, range(0x4E00, 0x4E00 + size))))
    ids = np.random.default_rng(1).integers(0, size, len(text))
    return vocabulary, ids.astype(vocabulary.dtype)


if __name__ == "__main__":
    main()
