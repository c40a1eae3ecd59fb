"""Where a job stands, in words."""

from typing import Any

import pytest

from shared.jobs.models import Job, Status
from web.pages.state import MOVES, WORDS, state_of


def job(**values: Any) -> Job:
    """Return a job that no database knows."""
    given: dict[str, Any] = {
        "kind": "train", "name": "Prose", "status": "running", "requested": None, "attempt": 1,
        "progress": {}, "started_at": None, "error_code": None,
    }  # fmt: skip
    return Job(**(given | values))


def test_every_status_has_words_and_moves() -> None:
    """No status is left without them."""
    assert set(WORDS) == set(MOVES) == set(Status)


@pytest.mark.parametrize(
    ("values", "title"),
    [
        ({"progress": {"fraction": 0.4299}}, "42% · Prose"),
        ({"progress": {"fraction": 1.0}}, "99% · Prose"),
        ({"status": "succeeded"}, "Succeeded · Prose"),
        ({"status": "queued", "progress": {"fraction": 0.5}}, "Queued · Prose"),
    ],
)
def test_title(values: dict[str, Any], title: str) -> None:
    """The percentage stands in the title while the job runs; 100 % is kept for the end."""
    assert state_of(job(**values))["title"] == title


def test_a_requested_move_is_not_offered_again() -> None:
    """A running job that was asked to pause can still be cancelled."""
    state = state_of(job(requested="pause"))
    assert (state["word"], state["moves"]) == ("pausing", ["cancel"])


def test_lines() -> None:
    """The line below the bar tells epochs of a training run, characters of a writing one."""
    at = {"epoch": 3, "epochs": 10, "step": 1200, "steps": 8714, "characters_per_second": 12345.6}
    line = state_of(job(progress=at))["line"]
    assert line == "Epoch 3 of 10 · step 1,200 of 8,714 · 12,346 characters a second"
    writing = state_of(job(kind="generate", progress=at))["line"]
    assert writing == "1,200 of 8,714 characters · 12,346 characters a second"
    ended = state_of(job(status="succeeded", progress=at))["line"]
    assert ended == "Stopped early after epoch 3 of 10"
    assert state_of(job(status="cancelled", progress=at))["line"] == "Epoch 3 of 10"


@pytest.mark.parametrize("code", ["diverged", "worker_lost", "something new"])
def test_advice(code: str) -> None:
    """Every failure comes with something to do."""
    state = state_of(job(status="failed", error_code=code, error_message="it failed"))
    assert state["failed"]
    assert state["error"] == "It failed."
    assert "Retry" in state["advice"] or "Train again" in state["advice"]
