"""Training on a card: by cuDNN, in half precision where asked for, and as on a processor."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest

from cli.child import ROOT
from shared.specs import TrainingSpec
from worker import devices

pytestmark = pytest.mark.timeout(600)
STEPS = 200
MIXED = {"precision": "mixed", "layers": 2, "dropout": 0.2}
MASKED = {"dropout": 0.2, "input_dropout": 0.1}
LARGE = {"units": 512, "layers": 2, "batch_size": 256, "max_windows": 20 * 256}
# Fields and words of each run, and where it computes.
RUNS: dict[str, tuple[dict[str, Any], str, str]] = {
    "lstm": ({}, "200", "0"),
    "lstm, resumed": ({}, "70 200", "0"),
    "lstm, processor": ({}, "200", "-1"),
    "lstm, half": ({"precision": "mixed"}, "200", "0"),
    "gru": ({"cell": "gru"}, "200", "0"),
    "gru, resumed": ({"cell": "gru"}, "70 200", "0"),
    "gru, processor": ({"cell": "gru"}, "200", "-1"),
    "gru, half": ({"cell": "gru", "precision": "mixed"}, "200", "0"),
    "mixed": (MIXED, "200", "0"),
    "mixed, resumed": (MIXED, "70 200", "0"),
    "masked": (MASKED, "200", "0"),
    "masked, two": (MASKED, "200 --parts 2 --mebibytes 4000", "0"),
    "large": (LARGE, "20", "0"),
    "large, half": (LARGE | {"precision": "mixed"}, "20", "0"),
    "no room": (LARGE | {"batch_size": 4096, "max_windows": None}, "2 --mebibytes 900", "0"),
}


def run(fields: dict[str, Any], words: str, visible: str) -> Any:
    """Return what a run in a process of its own told."""
    command = [sys.executable, "-m", "tests.support.card_run", json.dumps(fields), *words.split()]
    done = subprocess.run(
        command, env=os.environ | {devices.VISIBLE: visible}, cwd=ROOT, text=True, timeout=500,
        capture_output=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    told = json.loads(done.stdout.splitlines()[-1])
    assert told["cards"] == (0 if visible == "-1" else 1)
    return told


@pytest.fixture(scope="module")
def runs() -> Iterator[dict[str, "Future[Any]"]]:
    """What comes of all runs, which share the card: most of their time is TensorFlow's start."""
    with ThreadPoolExecutor(len(RUNS)) as pool:
        yield {name: pool.submit(run, *RUNS[name]) for name in RUNS}


def apart(runs: dict[str, "Future[Any]"], one: str, other: str) -> Any:
    """Return how far the losses of two runs are apart at each step."""
    here, there = runs[one].result()["losses"], runs[other].result()["losses"]
    assert len(here) == len(there)
    found = np.abs(np.subtract(here, there))
    print(f"{one} and {other}: apart {found[:10].max():.1e} in 10 steps, {found.max():.1e} in all")
    return found


def test_a_process_has_the_card_that_it_was_pinned_to(card: devices.Card) -> None:
    """TensorFlow sees one card, and the engine trains on it."""
    import tensorflow as tf

    from worker.engine import replicas

    (own,) = tf.config.list_physical_devices("GPU")
    assert tf.config.experimental.get_device_details(own)["device_name"] == card.name
    assert replicas.devices() == ["/device:GPU:0"]


@pytest.mark.parametrize("cell", ["lstm", "gru"])
@pytest.mark.parametrize(("precision", "kind"), [("float32", "float32"), ("mixed", "float16")])
def test_cudnn_computes_the_recurrence(cell: str, precision: Any, kind: str) -> None:
    """Forth and back, in half precision where the spec asks for it."""
    import tensorflow as tf

    from worker.engine.program import Program

    fields = {"window": 10, "units": 8, "layers": 2, "cell": cell, "precision": precision}
    graph = Program(TrainingSpec.model_validate(fields), 5)._train.get_concrete_function().graph
    nodes = [n for function in graph.as_graph_def().library.function for n in function.node_def]
    own = [node for node in nodes if node.op.startswith("CudnnRNN")]
    told = {(n.op, n.attr["rnn_mode"].s.decode(), tf.as_dtype(n.attr["T"].type)) for n in own}
    way = (cell, tf.as_dtype(kind))
    assert told == {("CudnnRNNV3", *way), ("CudnnRNNBackpropV3", *way)}


@pytest.mark.parametrize("cell", ["lstm", "gru"])
def test_the_losses_are_those_of_a_processor(cell: str, runs: Any) -> None:
    """But for rounding, which sways later steps more than early ones."""
    found = apart(runs, cell, f"{cell}, processor")
    losses = runs[cell].result()["losses"]
    assert len(losses) == STEPS
    assert losses[-1] < losses[0] - 1
    assert found[:10].max() < 1e-3
    assert found.max() < 2e-2


@pytest.mark.parametrize("cell", ["lstm", "gru"])
def test_half_precision_learns_the_same(cell: str, runs: Any) -> None:
    """Its losses are other ones, by little."""
    assert 0 < apart(runs, cell, f"{cell}, half").max() < 5e-2


@pytest.mark.parametrize("name", ["lstm", "gru", "mixed"])
def test_a_resumed_run_ends_with_the_same_bytes(name: str, runs: Any) -> None:
    """As on a processor: a card is told to sum in one order always."""
    whole, resumed = (runs[one].result() for one in (name, f"{name}, resumed"))
    assert resumed["losses"] == whole["losses"]
    assert resumed["weights"] == whole["weights"]


def test_two_cards_train_as_one(runs: Any) -> None:
    """The card made two logical ones, each batch and its masks shared out between them."""
    found = apart(runs, "masked", "masked, two")
    assert found[:10].max() < 1e-3
    assert found.max() < 2e-2


@pytest.mark.parametrize("name", ["lstm", "gru", "large", "large, half"])
def test_a_run_takes_no_more_of_the_card_than_was_told(name: str, runs: Any) -> None:
    """Its arrays, that is; a process' context comes to some 500 MB."""
    told = runs[name].result()
    print(f"{name}: {told['peak'] / 1e6:.0f} MB, estimated {told['estimate'] / 1e6:.0f}")
    assert told["peak"] + 500_000_000 < told["estimate"]


def test_too_little_memory_is_told(runs: Any) -> None:
    """A run that finds no room on the card ends with the line that says so."""
    assert runs["no room"].result()["error"].startswith("OOM when allocating tensor")
