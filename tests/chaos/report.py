"""What was done and how long it took to recover, as plain text."""

import os
import re
from collections import defaultdict
from statistics import median

from sqlalchemy import func, select

from shared.db import Database
from shared.jobs.models import Epoch, Event, Job
from tests.chaos.recovery import Fault

FILE = "CHAOS_REPORT"
REFUSED = "job given up: it is another worker's now"
RETRIED = "database is away, will try again"
# A job that failed, and a task that did. Celery loses its place in the pipe of a pool process when
# the broker goes away while the long result of a failed task is being read; from then on the worker
# does nothing. So no task may fail, whatever happens to the database.
UNEXPECTED = re.compile(r"\bevent=job failed\b|\braised unexpected\b")


def table(backend: str, faults: list[Fault]) -> str:
    """Return kinds of faults with how often they were done, and seconds to recover."""
    seconds = defaultdict(list)
    for fault in faults:
        if fault.seconds is not None:
            seconds[fault.kind].append(fault.seconds)
    lines = [f"{backend + ': faults':<36} {'count':>5} {'median s':>9} {'worst s':>8}"]
    for kind, values in sorted(seconds.items()):
        lines.append(f"{kind:<36} {len(values):>5} {median(values):>9.1f} {max(values):>8.1f}")
    every = [value for values in seconds.values() for value in values]
    lines.append(f"{'all':<36} {len(every):>5} {median(every):>9.1f} {max(every):>8.1f}")
    return "\n".join(lines)


def totals(db: Database, log: str, sent_twice: int) -> str:
    """Return in a line what the jobs went through."""
    with db.read() as session:
        jobs, attempts = session.execute(select(func.count(), func.sum(Job.attempt))).one()
        several = session.scalars(
            select(Epoch.job_id)
            .group_by(Epoch.job_id)
            .having(func.count(Epoch.attempt.distinct()) > 1)
        ).all()
        told = [event.data for event in session.scalars(select(Event))]
    lost = sum("losses" in data for data in told)
    back = sum(data.get("reason") == "handed back" for data in told)
    return (
        f"{jobs} jobs in {attempts} attempts, {sent_twice} submissions sent twice on purpose; "
        f"{lost} attempts lost, {back} handed back; "
        f"trained by several attempts: {len(several)}; "
        f"old attempts refused: {log.count(REFUSED)}; "
        f"waits for the database: {log.count(RETRIED)}"
    )


def unexpected(log: str) -> list[str]:
    """Return the lines of a log that no fault explains."""
    found = [line for line in log.splitlines() if UNEXPECTED.search(line)]
    return [line.partition(" exception=")[0] for line in found]


def publish(text: str) -> None:
    """Print a report, and append it to the file that CHAOS_REPORT names."""
    print(f"\n{text}", flush=True)
    if path := os.environ.get(FILE):
        with open(path, "a", encoding="utf-8") as file:
            file.write(f"{text}\n\n")
