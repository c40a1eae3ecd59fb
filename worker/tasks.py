"""The tasks: a ticket says that there is work on a queue; the database says which."""

from worker import notices, scheduling
from worker.app import app, current_node
from worker.runners import work
from worker.sweeper import sweep

lookers, senders = scheduling.crew(), notices.crew()


@app.task(name="charloom.train")  # type: ignore[untyped-decorator]
def train() -> None:
    """Run queued training jobs until none is left."""
    work(current_node(), "train")


@app.task(name="charloom.generate")  # type: ignore[untyped-decorator]
def generate() -> None:
    """Run queued jobs that write or read with a model until none is left."""
    work(current_node(), "generate")


@app.task(name="charloom.sweep")  # type: ignore[untyped-decorator]
def sweep_once() -> None:
    """Take back expired jobs, top up tickets, delete old answers, reclaim bytes."""
    sweep(current_node())


@app.task(name="charloom.schedules")  # type: ignore[untyped-decorator]
def run_schedules() -> None:
    """Fire schedules that are due, look at their texts, tell what came of them."""
    scheduling.tick(current_node(), lookers.work)


@app.task(name="charloom.notices")  # type: ignore[untyped-decorator]
def send_notices() -> None:
    """Send the notices that are due."""
    senders.work(current_node())
