"""What the demo chooses and shows."""

from typing import Any

import pytest

from cli.demo import EPOCHS, windows_for
from cli.progress import describe, duration, losses


@pytest.mark.parametrize(("rate", "windows"), [(150_000, 30_000), (3, 32), (10_000_000, 2_000_000)])
def test_chooses_windows_by_speed(rate: float, windows: int) -> None:
    """Three epochs of whole batches that take a minute together, and at least one batch."""
    assert windows_for(rate, 60) == pytest.approx(windows, abs=32)
    assert windows_for(rate, 60) % 32 == 0
    assert EPOCHS == 3


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(None, "unknown"), (4.4, "4 s"), (59.9, "1 min 00 s"), (125, "2 min 05 s")],
)
def test_says_durations(seconds: float | None, words: str) -> None:
    """Seconds as people say them."""
    assert duration(seconds) == words


def job(status: str, **progress: Any) -> dict[str, Any]:
    """Return a job as the API tells it."""
    at = {"epoch": 0, "epochs": 0, "steps": 0, "eta_seconds": None}
    return {"kind": "train", "status": status, "progress": at | progress}


@pytest.mark.parametrize(
    ("shown", "words"),
    [
        (job("queued"), "waiting for a worker"),
        (job("running"), "starting"),
        (job("running", epoch=2, epochs=3, steps=9, eta_seconds=31), "epoch 2 of 3, 31 s left"),
        (job("succeeded", epoch=3, epochs=3, steps=9), "succeeded"),
    ],
)
def test_describes_where_a_job_stands(shown: dict[str, Any], words: str) -> None:
    """Waiting, starting, running with the time left, ended."""
    assert describe(shown) == words


def test_tells_an_epoch_in_a_line() -> None:
    """Losses, accuracy, time and speed; no validation loss where nothing is held out."""
    epoch = {"epoch": 1, "loss": 2.5, "val_loss": None, "accuracy": 0.25, "seconds": 20.0,
             "characters_per_second": 1500.0}  # fmt: skip
    assert losses(epoch) == "epoch 1: loss 2.500, accuracy 25.0%, 20 s, 1,500 characters/s"
    assert "validation loss 2.125" in losses(epoch | {"val_loss": 2.125})
