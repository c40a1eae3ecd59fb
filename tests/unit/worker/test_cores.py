"""A node's cores, shared by training runs."""

from pathlib import Path

import pytest

from tests.unit.worker.test_devices import a_node_with
from worker.cores import THREADS, runs, share
from worker.devices import Card, cards

GIB = 1024**3


@pytest.mark.parametrize(
    ("cores", "memory", "expected"),
    [(1, None, 1), (2, 8 * GIB, 1), (7, 64 * GIB, 1), (8, 64 * GIB, 2), (64, 256 * GIB, 16),
     (64, 9 * GIB, 4), (64, GIB, 1)],
)  # fmt: skip
def test_runs_fit_cores_and_memory(cores: int, memory: int | None, expected: int) -> None:
    """One for every four cores, as far as each has 2 GiB; never none."""
    assert runs(cores, memory) == expected


def test_threads_are_shared_out() -> None:
    """Between several processes; one alone keeps TensorFlow's choice."""
    env = {"OMP_NUM_THREADS": "3"}
    assert share(2, 8, env) == 4
    assert [env[name] for name in THREADS] == ["4", "4", "3"]
    alone: dict[str, str] = {}
    assert (share(1, 8, alone), alone) == (8, {})


def test_cards_are_told_as_their_driver_does(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """With what they have and do; a card that is parted does not tell its use."""
    lines = ["NVIDIA A100, 81920, 1024, 97, 550.1", "NVIDIA A100, 81920, 0, [N/A], 550.1"]
    a_node_with(monkeypatch, tmp_path, "printf '%s\\n' " + " ".join(f"'{one}'" for one in lines))
    whole = 81920 * 1024**2
    assert cards() == [
        Card("NVIDIA A100", whole, GIB, 97, "550.1"),
        Card("NVIDIA A100", whole, 0, None, "550.1"),
    ]
