"""Runs on one device and on two, in a process of their own: a processor can be made two devices
before TensorFlow begins only.

python -m tests.support.two_devices FOLDER

Leaves ``told.json`` and the model of the run on two devices, ``model.keras``, in the folder.
"""

import json
import sys
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np

from shared.specs import TrainingSpec, training_spec
from worker.engine.reports import EpochDone, Progress
from worker.engine.state import Position, TrainingState
from worker.engine.vocabulary import Ids, Vocabulary

TEXT = "the quick brown fox jumps over the lazy dog; " * 150
LETTERS = Vocabulary.from_text(TEXT)
# Two epochs of 100 steps; four parts, so that two devices sum in another order than one; a last
# batch that is shorter than what one device takes.
BATCH, WINDOWS, STEPS = 56, 99 * 56 + 19, 200
FIELDS = {"batch_size": BATCH, "max_windows": WINDOWS, "epochs": 2, "sample_length": 0,
          "dropout": 0.2, "input_dropout": 0.1, "loss_at": "every"}  # fmt: skip


def main(folder: Path) -> None:
    """Train and write down what came of it."""
    from worker.engine.replicas import split_processor

    split_processor(2)
    one, _ = trained([(1, STEPS)])
    two, run = trained([(2, STEPS)])
    run.save_model(folder / "model.keras")
    weights = weights_of(run)
    stopped, run = trained([(2, 70), (2, STEPS)])
    told = {"one": one, "two": two, "stopped": stopped, "weights": [weights, weights_of(run)]}
    told["moved"], _ = trained([(2, 70), (1, 130), (2, STEPS)])
    told["gpu"] = as_on_a_gpu()
    (folder / "told.json").write_text(json.dumps(told))


def trained(stretches: list[tuple[int, int]]) -> tuple[list[float], Any]:
    """Return the loss of each step and the last run: each stretch, on so many devices to such a
    step, goes on from the resume state that the one before left."""
    runs = [
        (training_spec("tiny", FIELDS | {"devices": devices}), until)
        for devices, until in stretches
    ]
    return stretched(runs, LETTERS.encode(TEXT), LETTERS)


def stretched(
    runs: list[tuple[TrainingSpec, int]], ids: Ids, letters: Vocabulary
) -> tuple[list[float], Any]:
    """Return the loss of each step and the last run: each spec's run, to such a step, goes on from
    the resume state that the one before left; the last one goes on to its end."""
    from worker.engine.training import TrainingRun

    losses: list[float] = []
    state, run, before = None, None, Position()
    for spec, until in runs:
        run = TrainingRun(spec, ids, letters, state=state, progress_seconds=0)
        for report in run:
            at = run.state().position
            # The last step of an epoch is told of again while it is judged.
            if isinstance(report, Progress) and at.step > before.step:
                losses.append((at.loss - before.loss) / (at.windows - before.windows))
                before = at
            if isinstance(report, EpochDone):
                before = at
            if len(losses) == until < runs[-1][1]:
                break
        state = TrainingState.from_bytes(run.state().to_bytes())
    return losses, run


def weights_of(run: Any) -> str:
    """Return what tells a run's end from another's."""
    state = run.state()
    arrays = [*state.weights, *state.optimizer]
    return sha256(b"".join(array.tobytes() for array in arrays)).hexdigest()


def as_on_a_gpu() -> list[list[float]]:
    """Return three losses on one device and on two, the way that a GPU takes: a batch is one part
    there, which two devices cut in turn."""
    import tensorflow as tf

    from worker.engine import lstm, network, program
    from worker.engine.model import build

    for module in (lstm, network, program):
        vars(module)["on_processor"] = lambda: False
    told = []
    for devices in (1, 2):
        spec = TrainingSpec(window=4, units=6, batch_size=21, layers=2, dropout=0.5,
                            input_dropout=0.3, loss_at="every", devices=devices)  # fmt: skip
        made = program.Program(spec, len(LETTERS))
        values = made.start(build(spec, len(LETTERS)).get_weights())
        batches = program.Batches.cut(np.arange(50), spec.batch_size)
        rates, keys = np.full(3, 0.01, np.float32), np.arange(3, dtype=np.uint32)
        text = tf.constant(LETTERS.encode(TEXT))
        told.append(made.train(values, text, batches, rates, keys)[1].tolist())
    return told


if __name__ == "__main__":
    main(Path(sys.argv[1]))
