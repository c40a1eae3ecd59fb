"""One training run in a process of its own, on a card or off it: what became of it, as JSON.

python -m tests.support.card_run '{"cell": "gru"}' 70 200 [--parts 2] [--mebibytes 512]

Trains to the first of the steps, and goes on to the next from the resume state. With --parts the
card is made as many logical ones, each of --mebibytes, and the spec asks for all of them.
"""

import argparse
import json
from typing import Any

import tensorflow as tf

from shared.corpora.sources import python_reference
from shared.estimates.sizes import Needs
from shared.specs import TrainingSpec, training_spec
from tests.support.two_devices import stretched, weights_of
from worker.engine.vocabulary import Vocabulary

TEXT = python_reference()[:200_000]
LETTERS = Vocabulary.from_text(TEXT)
# One epoch, whose last batch is a short one; slowly learned, as else what rounding sways grows.
FIELDS = {"batch_size": 64, "max_windows": 199 * 64 + 19, "epochs": 1, "sample_length": 0,
          "loss_at": "every", "optimizer": "adam", "learning_rate": 0.0005}  # fmt: skip


def main() -> None:
    """Train, and print the losses of each step and what tells the weights from others."""
    args = _arguments()
    cards = tf.config.list_physical_devices("GPU")
    if args.mebibytes:
        part = tf.config.LogicalDeviceConfiguration(memory_limit=args.mebibytes)
        tf.config.set_logical_device_configuration(cards[0], [part] * args.parts)
    fields = FIELDS | {"devices": args.parts} | json.loads(args.fields)
    spec = training_spec("seed", fields)
    try:
        told = train(spec, args.steps)
    except MemoryError as error:
        told = {"error": str(error)}
    print(json.dumps(told | {"cards": len(cards)} | (memory(spec) if cards else {})))


def train(spec: TrainingSpec, stretches: list[int]) -> dict[str, Any]:
    """Return losses and the end of a run that is stopped and resumed at each of these steps."""
    runs = [(spec, until) for until in stretches]
    losses, run = stretched(runs, LETTERS.encode(TEXT), LETTERS)
    return {"losses": losses, "weights": weights_of(run)}


def memory(spec: TrainingSpec) -> dict[str, int]:
    """Return the most bytes that arrays took on the first card, and what was estimated."""
    estimate = Needs.of_card(spec, len(TEXT), len(LETTERS))
    peak = tf.config.experimental.get_memory_info("GPU:0")["peak"]
    return {"peak": peak, "estimate": estimate.total}


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("fields")
    parser.add_argument("steps", nargs="+", type=int)
    parser.add_argument("--parts", type=int, default=1)
    parser.add_argument("--mebibytes", type=int)
    return parser.parse_args()


if __name__ == "__main__":
    main()
