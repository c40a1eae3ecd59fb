"""A pool process a GPU, each pinned to its own before TensorFlow loads."""

import os
import stat
from pathlib import Path

import pytest

from worker import devices
from worker.devices import VISIBLE, count, gpus, memory_of, pin, sharing, slots


@pytest.fixture(autouse=True)
def _environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (VISIBLE, "TF_FORCE_GPU_ALLOW_GROWTH"):
        monkeypatch.setenv(name, "to be restored")
        monkeypatch.delenv(name)
    monkeypatch.setattr(devices, "_given", 1)


def a_node_with(monkeypatch: pytest.MonkeyPatch, folder: Path, script: str) -> None:
    """Put an nvidia-smi of our own first on the PATH."""
    program = folder / "nvidia-smi"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", str(folder), prepend=os.pathsep)


def test_asks_the_driver_for_the_cards(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The cards are those that nvidia-smi lists."""
    a_node_with(monkeypatch, tmp_path, "printf '0\\n1\\n'")
    assert gpus() == ["0", "1"]


def test_a_failing_driver_means_no_card(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A driver that does not answer leaves the node with its processor."""
    a_node_with(monkeypatch, tmp_path, "exit 9")
    assert gpus() == []


@pytest.mark.parametrize(
    ("allowed", "expected"),
    [("", []), ("-1", []), ("3", ["3"]), ("GPU-a, GPU-b", ["GPU-a", "GPU-b"])],
)
def test_an_operator_may_limit_the_cards(
    monkeypatch: pytest.MonkeyPatch, allowed: str, expected: list[str]
) -> None:
    """CUDA_VISIBLE_DEVICES decides, where it is set."""
    monkeypatch.setenv(VISIBLE, allowed)
    assert gpus() == expected


@pytest.mark.parametrize(
    ("queues", "cards", "expected"),
    [({"train"}, 3, 3), ({"train"}, 0, 1), ({"generate"}, 3, 1), ({"maintenance"}, 3, 1)],
)
def test_one_training_process_a_card(queues: set[str], cards: int, expected: int) -> None:
    """A worker that trains has a process a card; every other one has one."""
    assert slots(queues, [str(card) for card in range(cards)]) == expected


def test_each_process_sees_its_own_card() -> None:
    """Pool processes 0 and 1 are pinned to the first and the second card."""
    seen = [(pin(index, {"train"}, ["4", "7"]), os.environ[VISIBLE]) for index in (0, 1)]
    assert seen == [("gpu 4", "4"), ("gpu 7", "7")]
    assert os.environ["TF_FORCE_GPU_ALLOW_GROWTH"] == "true"


@pytest.mark.parametrize(
    ("cards", "each", "expected"),
    [(4, 2, [("gpu 0,1", 2), ("gpu 2,3", 2), ("gpu 0,1", 2)]),
     (3, 2, [("gpu 0,1", 2), ("gpu 0,1", 2)]),
     (1, 2, [("gpu 0", 1)]),
     (0, 2, [("cpu", 2)])],
)  # fmt: skip
def test_a_process_may_have_several_cards(
    cards: int, each: int, expected: list[tuple[str, int]]
) -> None:
    """Cards go to processes in groups; a smaller rest stays idle, unless it is all there is."""
    names = [str(card) for card in range(cards)]
    told = [(pin(index, {"train"}, names, each), count()) for index in range(len(expected))]
    assert told == expected
    assert slots({"train"}, names, each) == max(1, cards // each)


def test_cards_of_a_group_have_the_memory_of_the_smallest(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Each holds the weights of a run, so the smallest decides."""
    a_node_with(monkeypatch, tmp_path, "printf '8192\n4096\n'")
    assert memory_of("gpu 0,1") == 4096 * devices.MIB


@pytest.mark.parametrize(
    ("processes", "names", "each", "expected"),
    [(1, ["0"], 1, 1), (2, ["0", "0"], 1, 2), (4, ["0", "1"], 1, 2), (3, ["0", "1"], 1, 2),
     (1, ["0", "1", "2"], 2, 1), (2, ["0", "1"], 2, 2), (1, ["0", "1"], 4, 1),
     (4, ["0", "1", "2"], 2, 4), (5, [], 1, 1)],
)  # fmt: skip
def test_processes_that_share_a_card_share_its_memory(
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    processes: int,
    names: list[str],
    each: int,
    expected: int,
) -> None:
    """Where it is named twice, or where there are more of them than cards."""
    assert sharing(processes, names, each) == expected
    a_node_with(monkeypatch, tmp_path, "echo 8192")
    assert memory_of("gpu 0", expected) == 8192 * devices.MIB // expected


def test_a_replaced_process_gets_the_card_of_the_one_before() -> None:
    """A pool gives a replacement the index of the process it replaces, and so its card."""
    assert pin(1, {"train"}, ["4", "7"]) == pin(1, {"train"}, ["4", "7"]) == "gpu 7"


def test_writing_text_takes_no_card() -> None:
    """A process that only generates sees no card at all."""
    assert pin(0, {"generate"}, ["4", "7"], 2) == "cpu"
    assert count() == 1
    assert os.environ[VISIBLE] == "-1"
