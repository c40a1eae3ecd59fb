"""Watching a job: what is shown of its events."""

import io
from collections.abc import Iterator
from typing import Any

import pytest
from rich.console import Console

from cli.client import Client, Json
from cli.errors import JobEnded
from cli.progress import Watcher

EPOCH = {"epoch": 1, "loss": 2.0, "val_loss": 2.1, "accuracy": 0.5, "seconds": 3.0,
         "characters_per_second": 1000.0}  # fmt: skip
PROGRESS = {"epoch": 1, "epochs": 2, "steps": 9, "fraction": 0.5, "eta_seconds": 61.0}


class FakeClient(Client):
    """A client whose job does what it is told."""

    def __init__(self, events: list[tuple[str, Any]], status: str = "succeeded"):
        self._events, self._status = events, status

    def follow(self, job_id: str, after: int = 0) -> Iterator[Json]:
        """Yield the events."""
        for type_, data in self._events:
            yield {"seq": None if type_ == "progress" else 1, "type": type_, "data": data}

    def job(self, job_id: str) -> Json:
        """Return the job at its end."""
        error = {"code": "diverged", "message": "no number"} if self._status == "failed" else None
        return job(self._status) | {"error": error}

    def rows(self, job_id: str, what: str, **filters: Any) -> list[Json]:
        """Return its samples."""
        return [{"epoch": 1, "temperature": 0.6, "text": "[b]text"}]


def job(status: str, kind: str = "train") -> Json:
    """Return a job as the API tells it."""
    return {"id": "j", "name": "[b]n", "kind": kind, "status": status, "progress": PROGRESS}


def piece(number: int, start: int, text: str | None) -> Json:
    """Return a piece of a text as an event tells it."""
    return {"number": number, "start": start, "text": text}


def shown(*events: tuple[str, Any], status: str = "succeeded") -> str:
    """Return what is shown of a training job where there is no terminal."""
    screen = Console(file=io.StringIO(), highlight=False, width=100)
    Watcher(FakeClient(list(events), status), screen).watch(job("queued"))
    assert isinstance(screen.file, io.StringIO)
    return screen.file.getvalue()


def test_shows_epochs_and_samples() -> None:
    """Each epoch in a line, each sample as it is, progress now and then; no markup is obeyed."""
    told = shown(("running", {}), ("progress", PROGRESS), ("epoch", EPOCH), ("sample", {}))
    assert " 50%  epoch 1 of 2, 1 min 01 s left\n" in told
    assert "epoch 1: loss 2.000, validation loss 2.100, accuracy 50.0%, 3 s" in told
    assert "sample of epoch 1, temperature 0.6:\n[b]text\n" in told


def test_a_job_that_fails_is_an_error() -> None:
    """It says what the job says."""
    with pytest.raises(JobEnded, match="job j failed: diverged: no number"):
        shown(status="failed")
    with pytest.raises(JobEnded, match="job j cancelled"):
        shown(status="cancelled")


def test_types_the_first_text_as_it_is_written() -> None:
    """Each character once: another attempt writes it again; void pieces and other texts are not."""
    typed: list[str] = []
    pieces = [
        [piece(1, 0, "one "), piece(2, 0, "other")], [piece(1, 4, None)], [piece(1, 0, "one t")],
        [piece(1, 5, "wo")], [piece(1, 9, "a gap")],
    ]  # fmt: skip
    client = FakeClient([("text", {"pieces": told}) for told in pieces])
    watcher = Watcher(client, Console(quiet=True), typed.append)
    watcher.watch(job("queued", "generate"))
    assert "".join(typed) == "one two"
    assert watcher.characters == 7
