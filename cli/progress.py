"""A job as it goes, on the terminal: a bar that moves, or plain lines where there is none."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.panel import Panel
from rich.progress import BarColumn, Progress, TaskID, TaskProgressColumn, TextColumn
from rich.text import Text

from cli.client import Client, Json
from shared.errors import UserError

POLL_SECONDS = 0.5
PLAIN_SECONDS = 10.0
ENDED = ("succeeded", "failed", "cancelled")


def duration(seconds: float | None) -> str:
    """Return seconds as people say them: ``45 s``, ``2 min 05 s``."""
    if seconds is None:
        return "unknown"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest:02d} s" if minutes else f"{rest} s"


def describe(job: Json) -> str:
    """Return where a job stands, in words."""
    at = job["progress"]
    if job["status"] == "queued":
        return "waiting for a worker"
    if job["status"] != "running":
        return str(job["status"])
    if not at["steps"]:
        return "starting"
    where = f"epoch {at['epoch']} of {at['epochs']}" if job["kind"] == "train" else "writing"
    return f"{where}, {duration(at['eta_seconds'])} left"


class Watcher:
    """Shows one job until it ends."""

    def __init__(self, client: Client, console: Console):
        self._client, self._console = client, console
        self._shown = {"epochs": 0, "samples": 0}
        self._last_plain = 0.0

    def watch(self, job: Json) -> Json:
        """Return the job when it has succeeded. Raises ``UserError`` with a failed one's error."""
        with self._bar(job["name"]) as (bar, task):
            while True:
                job = self._client.job(job["id"])
                self._show(job, bar, task)
                if job["status"] in ENDED:
                    break
                time.sleep(POLL_SECONDS)
        if job["status"] != "succeeded":
            error = job["error"] or {"code": job["status"], "message": "it did not finish"}
            raise UserError(f"job {job['id']} {job['status']}: {error['code']}: {error['message']}")
        return job

    @contextmanager
    def _bar(self, name: str) -> Iterator[tuple[Progress, TaskID]]:
        columns = [TextColumn("{task.description}"), BarColumn(), TaskProgressColumn()]
        shown = self._console.is_terminal
        with Progress(*columns, console=self._console, disable=not shown, transient=True) as bar:
            yield bar, bar.add_task(name, total=1.0)

    def _show(self, job: Json, bar: Progress, task: TaskID) -> None:
        bar.update(task, completed=job["progress"]["fraction"], description=describe(job))
        if job["kind"] == "train":
            self._show_new(job)
        if not self._console.is_terminal and time.monotonic() - self._last_plain > PLAIN_SECONDS:
            self._last_plain = time.monotonic()
            self._console.print(f"{job['progress']['fraction']:4.0%}  {describe(job)}")

    def _show_new(self, job: Json) -> None:
        if job["progress"]["epoch"] <= self._shown["epochs"] and job["status"] not in ENDED:
            return
        for epoch in self._fresh(job, "epochs"):
            self._console.print(Text(losses(epoch)), soft_wrap=True)
        for sample in self._fresh(job, "samples"):
            title = f"sample of epoch {sample['epoch']}, temperature {sample['temperature']:g}"
            # Text, not str: what a model writes may look like markup.
            self._console.print(Panel(Text(sample["text"]), title=title, title_align="left"))

    def _fresh(self, job: Json, what: str) -> list[Json]:
        rows = self._client.rows(job["id"], what)[self._shown[what] :]
        self._shown[what] += len(rows)
        return rows


def losses(epoch: Json) -> str:
    """Return an epoch's record in a line."""
    held_out = epoch["val_loss"]
    judged = "" if held_out is None else f", validation loss {held_out:.3f}"
    return (
        f"epoch {epoch['epoch']}: loss {epoch['loss']:.3f}{judged}, "
        f"accuracy {epoch['accuracy']:.1%}, {duration(epoch['seconds'])}, "
        f"{epoch['characters_per_second']:,.0f} characters/s"
    )
