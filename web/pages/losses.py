"""The numbers of a chart: what each epoch of a training job came to."""

from typing import Any

from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from shared.jobs.models import Epoch, Job, Kind

# More points than a chart is wide show nothing more.
MOST_POINTS = 2000
MOST_RUNS = 30
Series = dict[str, list[Any]]
COLUMNS = {
    "epoch": Epoch.epoch,
    "loss": Epoch.loss,
    "valLoss": Epoch.val_loss,
    "rate": Epoch.learning_rate,
}


def losses_of(session: Session, job_id: str) -> Series:
    """Return the columns of a job's epochs, in order; of very many epochs, some, and the last."""
    query = select(*COLUMNS.values()).where(Epoch.job_id == job_id).order_by(Epoch.epoch)
    rows = session.execute(query).all()
    every = -(-len(rows) // MOST_POINTS) or 1
    kept = rows[::every]
    if rows and kept[-1] is not rows[-1]:
        kept = [*kept, rows[-1]]
    columns = zip(*kept, strict=True) if kept else [[] for _ in COLUMNS]
    return {
        name: [_short(value) for value in column]
        for name, column in zip(COLUMNS, columns, strict=True)
    }


def other_runs(session: Session, job: Job) -> list[Job]:
    """Return the team's newest training jobs besides one that have an epoch to show."""
    query = select(Job).where(Job.team_id == job.team_id, Job.id != job.id)
    return _with_epochs(session, query)


def runs_to_choose(session: Session, team_id: str, most: int = 100) -> list[Job]:
    """Return the team's newest training jobs that have an epoch to show."""
    return _with_epochs(session, select(Job).where(Job.team_id == team_id), most)


def best_epoch(session: Session, job_id: str) -> Epoch | None:
    """Return the epoch with the lowest validation loss, or loss where none was held out."""
    query = select(Epoch).where(Epoch.job_id == job_id)
    judged = query.where(Epoch.val_loss.is_not(None)).order_by(Epoch.val_loss, Epoch.epoch)
    return session.scalar(judged.limit(1)) or session.scalar(query.order_by(Epoch.loss).limit(1))


def last_epoch(session: Session, job_id: str) -> Epoch | None:
    """Return the newest epoch."""
    query = select(Epoch).where(Epoch.job_id == job_id).order_by(Epoch.epoch.desc())
    return session.scalar(query.limit(1))


def _with_epochs(session: Session, query: Any, most: int = MOST_RUNS) -> list[Job]:
    query = query.where(Job.kind == Kind.TRAIN, exists().where(Epoch.job_id == Job.id))
    return list(session.scalars(query.order_by(Job.id.desc()).limit(most)))


def _short(value: float | None) -> float | None:
    """Return a number with the digits that a chart can show."""
    return float(f"{value:.5g}") if isinstance(value, float) else value
