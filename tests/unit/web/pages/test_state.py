"""Where a job stands, in words."""

from typing import Any

import pytest

from shared.jobs.models import Job, Status
from shared.said import Said, said
from web.pages import state
from web.pages.state import MOVES, WORDS, state_of


@pytest.fixture(autouse=True)
def _some_worker_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(state, "reason_of", lambda _job: None)


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


def test_a_job_that_none_can_serve_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    """Others start as soon as a worker is free."""
    line = state_of(job(status="queued"))["line"]
    assert line == "It starts as soon as a worker is free."

    def why(_job: Job) -> Said:
        return said("no worker that trains is there")

    monkeypatch.setattr(state, "reason_of", why)
    assert state_of(job(status="queued"))["line"] == "No worker that trains is there."


def test_a_requested_move_is_not_offered_again() -> None:
    """A running job that was asked to pause can still be cancelled."""
    found = state_of(job(requested="pause"))
    assert (found["word"], found["moves"]) == ("pausing", ["cancel"])


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
    found = state_of(job(status="failed", error_code=code, error_message="it failed"))
    assert found["failed"]
    assert found["error"] == "It failed."
    assert "Retry" in found["advice"] or "Train again" in found["advice"]
