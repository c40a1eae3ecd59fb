"""How fast the workers at hand train, as was measured.

A speed is in the operations of ``costs`` a second, so that that of one shape tells of another.
"""

import math
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from operator import attrgetter
from statistics import median
from typing import Literal

from sqlalchemy import func, or_, select, text
from sqlalchemy.orm import Session, aliased

from shared.corpora.models import CorpusVersion
from shared.db import database_time
from shared.estimates.costs import window_cost
from shared.estimates.sizes import epoch_cost
from shared.jobs.models import IS_TRAINING, Epoch, Job
from shared.specs import TrainingSpec
from shared.workers.models import Worker, host_of

# The latest training jobs that are looked at; the last epochs of each; the likest ones that count.
JOBS, EPOCHS, LIKEST = 30, 3, 5
# What is measured at the start are NumPy's small products, call by call: 190 GFLOP/s on the
# machine whose products inside of a compiled loop, as training has them, make 458.
COMPILED = 2.4
# Until the first step the text is read, the model built, its program compiled, on a machine that
# has nothing else to do.
START_SECONDS = 3.0
# What each epoch's model, state and records take to be stored.
STORE_SECONDS = 0.2

Basis = Literal["jobs", "start", "earlier_jobs"]


@dataclass(frozen=True)
class Measured:
    """A speed that a job had, what a window cost it, and how long it took to begin."""

    host: str
    cost: float
    speed: float
    start_seconds: float | None


@dataclass(frozen=True)
class Speed:
    """A speed, what it goes by, and how many measurements that were."""

    speed: float
    basis: Basis
    measurements: int
    start_seconds: float


@dataclass(frozen=True)
class Crew:
    """The workers that train and are alive."""

    hosts: frozenset[str]
    devices: tuple[str, ...]
    speeds: tuple[float, ...]

    @property
    def gpu(self) -> bool:
        """Whether one of them has a GPU."""
        return any(device.startswith("gpu") for device in self.devices)


def crew_of(session: Session, lease_seconds: float) -> Crew:
    """Return the workers that train and were seen within a lease's time."""
    seen = Worker.seen_time >= database_time() - lease_seconds
    rows = session.execute(
        select(Worker.name, Worker.queues, Worker.device, Worker.speed).where(seen)
    )
    train = [row for row in rows if "train" in row.queues]
    return Crew(
        frozenset(_host(row.name) for row in train),
        tuple(row.device for row in train),
        tuple(row.speed for row in train if row.speed),
    )


def speed_for(session: Session, crew: Crew, cost: float) -> Speed | None:
    """Return the speed at which a spec whose window costs so much will train, if one is known.

    By jobs on the machines of the crew; else by what they measured at their start; else, where
    nothing is known of them, by jobs of other machines.
    """
    jobs = measured_jobs(session)
    ours = [each for each in jobs if each.host in crew.hosts]
    if ours:
        return _likest(ours, cost, "jobs")
    if crew.speeds:
        return Speed(COMPILED * median(crew.speeds), "start", len(crew.speeds), START_SECONDS)
    return _likest(jobs, cost, "earlier_jobs") if jobs else None


def measured_jobs(session: Session) -> list[Measured]:
    """Return the speeds of the latest training jobs that finished an epoch."""
    rows = session.execute(
        select(
            Job.id, Job.started_at, Job.spec, CorpusVersion.characters,
            func.length(CorpusVersion.vocabulary),
        )
        .join(CorpusVersion, CorpusVersion.id == Job.corpus_version_id)
        .where(text(IS_TRAINING))
        .order_by(Job.id.desc())
        .limit(JOBS)
    ).all()  # fmt: skip
    epochs = _epochs(session, [row[0] for row in rows])
    return [
        _measured(epochs[job_id], started_at, TrainingSpec.model_validate(stored), *size)
        for job_id, started_at, stored, *size in rows
        if job_id in epochs
    ]


def _epochs(session: Session, jobs: list[str]) -> dict[str, list[Epoch]]:
    """Return the first and the last epochs of jobs."""
    other = aliased(Epoch)
    last = select(func.max(other.epoch)).where(other.job_id == Epoch.job_id).scalar_subquery()
    query = (
        select(Epoch)
        .where(Epoch.job_id.in_(jobs), or_(Epoch.epoch == 1, Epoch.epoch > last - EPOCHS))
        .order_by(Epoch.job_id, Epoch.epoch)
    )
    found = groupby(session.scalars(query), key=attrgetter("job_id"))
    return {job_id: list(rows) for job_id, rows in found}


def _measured(
    epochs: list[Epoch], started_at: datetime, spec: TrainingSpec, characters: int, size: int
) -> Measured:
    host = _host(epochs[-1].worker)
    # The first epoch holds the time that it takes to compile; another machine has its own.
    rates = [e.characters_per_second for e in epochs if e.epoch > 1 and _host(e.worker) == host]
    each = spec.window if spec.loss_at == "every" else 1
    cost = window_cost(spec, size)
    speed = cost * median(rates or [epochs[-1].characters_per_second]) / each
    first, epoch = epochs[0], epoch_cost(spec, characters, size) / speed + STORE_SECONDS
    begun = (first.created_at - started_at).total_seconds()
    told = first.attempt == first.epoch == 1 and _host(first.worker) == host
    return Measured(host, cost, speed, max(0.0, begun - epoch) if told else None)


def _likest(measured: list[Measured], cost: float, basis: Basis) -> Speed:
    """Return the median speed of those whose window cost is nearest."""
    near = sorted(measured, key=lambda each: abs(math.log(each.cost / cost)))[:LIKEST]
    starts = [each.start_seconds for each in near if each.start_seconds is not None]
    speed = median(each.speed for each in near)
    return Speed(speed, basis, len(near), median(starts or [START_SECONDS]))


def _host(worker: str | None) -> str:
    return host_of(worker or "")
