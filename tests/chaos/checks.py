"""What must hold of every job once the faults are over, read from the database."""

from collections import Counter
from typing import Any

from sqlalchemy import func, select

from shared.checkpoints.models import Checkpoint
from shared.db import Database
from shared.jobs.models import Epoch, Event, Job, Output, Sample, Status
from tests.chaos.load import Order
from tests.chaos.outcomes import Outcome, outcome

# What an attempt writes, and how its event names the row.
WRITES: dict[str, tuple[Any, str]] = {
    "epoch": (Epoch.epoch, "epoch"),
    "sample": (Sample.id, "id"),
    "checkpoint": (Checkpoint.id, "id"),
    "output": (Output.id, "id"),
}
# How the keys begin of jobs that are another test's.
POISON = "poison "
LEAVES = set(Status) - {Status.RUNNING}


def check_jobs(
    db: Database, submitted: dict[str, Order], undisturbed: dict[str, tuple[str, Outcome]]
) -> list[str]:
    """Return every complaint about the submitted jobs, in words; none is what is wanted."""
    references = {job_id for job_id, _ in undisturbed.values()}
    complaints = check_submissions(db, set(submitted) | references)
    for job_id, order in submitted.items():
        found = check_outcome(outcome(db, job_id), undisturbed[order.name][1], order)
        found += check_events(db, job_id)
        complaints += [f"job {job_id} ({order.name}): {text}" for text in found]
    return complaints


def check_submissions(db: Database, expected: set[str]) -> list[str]:
    """Return what is wrong with the set of jobs: one a submission, each succeeded."""
    mine = ~func.coalesce(Job.idempotency_key, "").startswith(POISON)
    with db.read() as session:
        jobs = {job.id: job for job in session.scalars(select(Job).where(mine))}
    found = [f"job {job_id} is nobody's submission" for job_id in jobs.keys() - expected]
    found += [f"job {job_id} is gone" for job_id in expected - jobs.keys()]
    ended = [job for job in jobs.values() if job.status != Status.SUCCEEDED]
    return found + [f"job {j.id} {j.status}: {j.error_code} {j.error_message}" for j in ended]


def check_outcome(found: Outcome, wanted: Outcome, order: Order) -> list[str]:
    """Return where a job's results differ from those of the undisturbed run."""
    complaints = []
    if order.kind == "train":
        numbers = list(range(1, order.body["epochs"] + 1))
        for name in ("epochs", "samples", "checkpoints"):
            there = [row[0] for row in getattr(found, name)]
            if there != numbers:
                complaints.append(f"{name} of epochs {there}, not {numbers}")
    for name in ("epochs", "samples", "checkpoints", "outputs"):
        ours, theirs = getattr(found, name), getattr(wanted, name)
        if ours != theirs:
            different = [row for row in ours if row not in theirs]
            complaints.append(f"{name} differ from the undisturbed run's: {different}")
    return complaints


def check_events(db: Database, job_id: str) -> list[str]:
    """Return the gaps in a job's events, and the writes outside of their attempt's time."""
    with db.read() as session:
        query = select(Event).where(Event.job_id == job_id).order_by(Event.seq)
        events = session.scalars(query).all()
    numbers = [event.seq for event in events]
    gaps = [] if numbers == list(range(1, len(numbers) + 1)) else [f"events have gaps: {numbers}"]
    return gaps + _check_attempts(events, _attempts(db, job_id))


def _check_attempts(events: Any, attempts: dict[tuple[str, Any], int]) -> list[str]:
    """Walk the events in order; one attempt at a time may write, and only while it runs."""
    current, last, complaints, seen = None, 0, [], Counter[tuple[str, Any]]()
    for event in events:
        if event.type == Status.RUNNING:
            if current is not None or event.data["attempt"] != last + 1:
                complaints.append(f"attempt {event.data['attempt']} began inside {current}")
            current = last = event.data["attempt"]
        elif event.type in LEAVES:
            current = None
        elif event.type in WRITES:
            row = (event.type, event.data[WRITES[event.type][1]])
            seen[row] += 1
            # A text that a stop cut short is written again: its row is gone.
            if current is None or attempts.get(row, current) != current:
                complaints.append(f"{row} of attempt {attempts.get(row)} came during {current}")
    twice = [row for row, times in seen.items() if times > 1]
    unheard = [row for row in attempts if row not in seen]
    return complaints + [f"{row} has not one event" for row in (*twice, *unheard)]


def _attempts(db: Database, job_id: str) -> dict[tuple[str, Any], int]:
    """Return the attempt that wrote each row of a job."""
    found: dict[tuple[str, Any], int] = {}
    with db.read() as session:
        for name, (key, _) in WRITES.items():
            table = key.class_
            query = select(key, table.attempt).where(table.job_id == job_id)
            found |= {(name, row[0]): row[1] for row in session.execute(query)}
    return found


def lost_by_sigterm(db: Database, faults: list[tuple[str, int]]) -> list[str]:
    """Return the jobs whose worker was asked to end and that counted it as a loss.

    Each fault is a job and the attempt that ran; nothing else was broken meanwhile.
    """
    complaints = []
    for job_id, attempt in faults:
        with db.read() as session:
            query = select(Event).where(Event.job_id == job_id).order_by(Event.seq)
            events = session.scalars(query).all()
        starts = [e.seq for e in events if e.type == "running" and e.data["attempt"] == attempt]
        ends = [e for e in events if e.seq > starts[0] and e.type in LEAVES]
        if "losses" in ends[0].data:
            complaints.append(f"job {job_id}, attempt {attempt}: {ends[0].data}")
    return complaints
