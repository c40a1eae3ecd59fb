"""Write texts with an untrained LSTM(128) of 65 characters, and print characters a second.

python benchmarks/write_once.py [--streams 1] [--context state] [--length 200000]
"""

import argparse
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import numpy as np

from shared.specs import GenerationSpec
from worker.engine.characters import CharacterModel
from worker.engine.sampling import Stream, Writer, warm_up
from worker.engine.vocabulary import Vocabulary

VOCABULARY, WINDOW, UNITS = 65, 100, 128


def main() -> None:
    """Print the figure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--streams", type=int, default=1)
    parser.add_argument("--context", default="state", choices=["state", "window"])
    parser.add_argument("--length", type=int, default=200_000)
    args = parser.parse_args()
    warm_up()
    spec = GenerationSpec(length=args.length // args.streams, context=args.context)
    prompt = np.arange(WINDOW) % VOCABULARY
    streams = [Stream(number, prompt, 0.6) for number in range(args.streams)]
    letters = Vocabulary("".join(map(chr, range(48, 48 + VOCABULARY))))
    writer = Writer(model(), letters, streams, spec, WINDOW)
    begin, written = time.perf_counter(), 0
    for pieces in writer.run():
        written += sum(map(len, pieces))
    print(f"characters/s {written / (time.perf_counter() - begin):.0f}")


def model() -> CharacterModel:
    """Return random weights of the size that Keras would give them."""
    rng = np.random.default_rng(0)
    shapes = ((VOCABULARY, 4 * UNITS), (UNITS, 4 * UNITS), (4 * UNITS,), (UNITS, VOCABULARY))
    kernel, recurrent, bias, dense = (rng.normal(0, 0.1, s).astype(np.float32) for s in shapes)
    return CharacterModel([(kernel, recurrent, bias)], dense, np.zeros(VOCABULARY, np.float32))


if __name__ == "__main__":
    main()
