"""A job as it goes, on the terminal: a bar that moves, or plain lines where there is none."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.markup import escape
from rich.panel import Panel
from rich.progress import BarColumn, Progress, TaskID, TaskProgressColumn, TextColumn
from rich.text import Text

from cli.client import Client, Json
from cli.errors import JobEnded
from cli.terminal import shown

PLAIN_SECONDS = 10.0
# Events that say where a job stands are called as the status.
STATUSES = ("queued", "running", "paused", "succeeded", "failed", "cancelled")


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
    """Shows one job until it ends. Where ``on_text`` is given it gets the text of a generation
    job's first output, as it is written, instead of a bar being shown."""

    def __init__(
        self, client: Client, console: Console, on_text: Callable[[str], None] | None = None
    ):
        self._client, self._console, self._on_text = client, console, on_text
        self._samples = self.characters = 0
        self._last_plain = 0.0

    def watch(self, job: Json) -> Json:
        """Return the job when it has succeeded. Raises ``JobEnded`` with a failed one's error."""
        with self._bar(job["name"]) as (bar, task):
            for event in self._client.follow(job["id"]):
                job = self._after(event, job)
                bar.update(task, completed=job["progress"]["fraction"], description=describe(job))
                self._tell(event, job)
        job = self._client.job(job["id"])
        if job["status"] != "succeeded":
            error = job["error"] or {"code": job["status"], "message": "it did not finish"}
            raise JobEnded(f"job {job['id']} {job['status']}: {error['code']}: {error['message']}")
        return job

    @contextmanager
    def _bar(self, name: str) -> Iterator[tuple[Progress, TaskID]]:
        columns = [TextColumn("{task.description}"), BarColumn(), TaskProgressColumn()]
        shown = self._console.is_terminal and self._on_text is None
        with Progress(*columns, console=self._console, disable=not shown, transient=True) as bar:
            # A name is a user's: it may look like markup.
            yield bar, bar.add_task(escape(name), total=1.0)

    def _after(self, event: Json, job: Json) -> Json:
        """Return the job as it is after an event."""
        if event["type"] == "progress":
            return job | {"progress": event["data"]}
        if event["type"] in STATUSES:
            return job | {"status": event["type"]}
        return job

    def _tell(self, event: Json, job: Json) -> None:
        if event["type"] == "epoch":
            self._console.print(Text(losses(event["data"])), soft_wrap=True)
        elif event["type"] == "sample":
            self._tell_samples(job)
        elif event["type"] == "text" and self._on_text:
            self._tell_text(event["data"]["pieces"], self._on_text)
        elif event["type"] == "progress":
            self._tell_plainly(job)

    def _tell_samples(self, job: Json) -> None:
        # Text, not str: what a model writes may look like markup.
        fresh = self._client.rows(job["id"], "samples")[self._samples :]
        self._samples += len(fresh)
        for sample in fresh:
            title = f"sample of epoch {sample['epoch']}, temperature {sample['temperature']:g}"
            if self._console.is_terminal:
                text = Text(shown(sample["text"]))
                self._console.print(Panel(text, title=title, title_align="left"))
            else:
                self._console.print(Text(f"{title}:\n{sample['text']}"), soft_wrap=True)

    def _tell_text(self, pieces: list[Json], on_text: Callable[[str], None]) -> None:
        for piece in pieces:
            # Another attempt writes the same characters again; what is void reads null.
            if piece["number"] != 1 or piece["text"] is None:
                continue
            new = piece["text"][max(0, self.characters - piece["start"]) :]
            if new and piece["start"] <= self.characters:
                on_text(new)
                self.characters += len(new)

    def _tell_plainly(self, job: Json) -> None:
        shown = self._console.is_terminal or self._on_text
        if not shown and time.monotonic() - self._last_plain > PLAIN_SECONDS:
            self._last_plain = time.monotonic()
            self._console.print(f"{job['progress']['fraction']:4.0%}  {describe(job)}")


def losses(epoch: Json) -> str:
    """Return an epoch's record in a line."""
    held_out = epoch["val_loss"]
    judged = "" if held_out is None else f", validation loss {held_out:.3f}"
    return (
        f"epoch {epoch['epoch']}: loss {epoch['loss']:.3f}{judged}, "
        f"accuracy {epoch['accuracy']:.1%}, {duration(epoch['seconds'])}, "
        f"{epoch['characters_per_second']:,.0f} characters/s"
    )
