"""What the pages read: the newest rows of a job, and what there is to choose from."""

import json
from itertools import accumulate
from typing import Any, TypeVar

from sqlalchemy import exists, func, literal_column, or_, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from shared.blobs import read_blob
from shared.checkpoints.models import Checkpoint
from shared.checkpoints.queries import get_checkpoint, latest_checkpoints
from shared.corpora.models import Corpus, CorpusVersion
from shared.corpora.queries import list_corpora
from shared.db import Base, Database
from shared.errors import NotFound
from shared.ids import is_id
from shared.jobs.answers import result_blob
from shared.jobs.models import ENDED, Epoch, Event, Job, Output, Sample, Status
from shared.jobs.queries import LISTED, NO_TEXT
from shared.notices.models import Receiver
from shared.notices.queries import list_receivers, told_of
from shared.pages import MAX_LIMIT
from shared.said import said

R = TypeVar("R", bound=Base)

UNDONE = (Status.RUNNING, Status.QUEUED, Status.PAUSED)
# What a page carries of each at most; the downloads have it all.
MOST_EPOCHS, MOST_SAMPLES, MOST_CHECKPOINTS, MOST_OUTPUTS, MOST_EVENTS = 200, 50, 50, 100, 50
# Epochs whose samples a page shows at most, and samples, if they are not all of one epoch.
MOST_GRID, MOST_CELLS = 50, 100
# Ends of jobs that a page is told of at once.
MOST_TOLD = 20


def newest_epochs(session: Session, job_id: str, before: int | None = None) -> list[Epoch]:
    """Return the job's last epoch records (before ``before``), newest first."""
    query = select(Epoch).where(Epoch.job_id == job_id)
    query = query if before is None else query.where(Epoch.epoch < before)
    return list(session.scalars(query.order_by(Epoch.epoch.desc()).limit(MOST_EPOCHS)))


def grid_samples(
    session: Session, job_id: str, *, before: int | None = None, starred: bool = False
) -> tuple[list[Sample], bool]:
    """Return the samples of the last epochs that have some, newest first, and if there are more.

    Those of epochs before ``before``, or the ``starred`` ones alone.
    """
    wanted = [Sample.job_id == job_id]
    wanted += [Sample.epoch < before] if before is not None else []
    wanted += [Sample.starred.is_(True)] if starred else []
    counts = select(Sample.epoch, func.count()).where(*wanted).group_by(Sample.epoch)
    found = session.execute(counts.order_by(Sample.epoch.desc()).limit(MOST_GRID + 1)).all()
    if not found:
        return [], False
    sums = accumulate(count for _, count in found[:MOST_GRID])
    shown = max(1, sum(cells <= MOST_CELLS for cells in sums))
    wanted.append(Sample.epoch >= found[shown - 1].epoch)
    query = select(Sample).where(*wanted).order_by(Sample.epoch.desc(), Sample.id)
    return list(session.scalars(query)), len(found) > shown


def get_sample(session: Session, job_id: str, sample_id: str) -> Sample:
    """Return a sample of a job. Raises ``NotFound``."""
    row = session.get(Sample, sample_id) if is_id(sample_id) else None
    if row is None or row.job_id != job_id:
        raise NotFound(said("the job has no sample {id}", id=sample_id))
    return row


def beside(session: Session, row: Sample) -> dict[str, Sample | None]:
    """Return the samples of the same temperature before and after one."""
    query = select(Sample).where(Sample.job_id == row.job_id, Sample.temperature == row.temperature)
    earlier = query.where(Sample.epoch < row.epoch).order_by(Sample.epoch.desc())
    later = query.where(Sample.epoch > row.epoch).order_by(Sample.epoch)
    return {
        "earlier": session.scalar(earlier.limit(1)),
        "later": session.scalar(later.limit(1)),
    }


def newest_events(session: Session, job_id: str) -> list[Event]:
    """Return the last things that happened to the job, newest first; not the pieces of text."""
    query = select(Event).where(Event.job_id == job_id, NO_TEXT)
    return list(session.scalars(query.order_by(Event.seq.desc()).limit(MOST_EVENTS)))


def samples_behind(session: Session, job_id: str, epoch: int) -> list[Sample]:
    """Return the job's next samples behind an epoch, oldest first: all of each of their epochs."""
    query = select(Sample).where(Sample.job_id == job_id, Sample.epoch > epoch)
    rows = session.scalars(query.order_by(Sample.epoch, Sample.id).limit(MOST_SAMPLES)).all()
    # The last epoch's may be cut off: whoever goes on behind it would never see the rest.
    whole = [row for row in rows if row.epoch < rows[-1].epoch]
    return whole if len(rows) == MOST_SAMPLES and whole else list(rows)


def first_outputs(session: Session, job_id: str, behind: int = 0) -> list[Output]:
    """Return those of the job's first texts whose numbers are above ``behind``, in order."""
    wanted = (Output.job_id == job_id, Output.number > behind, Output.number <= MOST_OUTPUTS)
    return list(session.scalars(select(Output).where(*wanted).order_by(Output.number)))


def shown_checkpoints(session: Session, job_id: str) -> list[Checkpoint]:
    """Return the job's best checkpoint and the last ones, newest first."""
    rows = _newest(
        session, Checkpoint, Checkpoint.epoch, Checkpoint.job_id, job_id, MOST_CHECKPOINTS
    )
    if any(row.best for row in rows):
        return rows
    best = select(Checkpoint).where(Checkpoint.job_id == job_id, Checkpoint.best)
    return [*rows, *session.scalars(best)]


def left_by(session: Session, job_id: str) -> dict[str, int]:
    """Return how much a job left behind: the count of each kind of row, by what one is called."""
    owners = {
        "epoch": Epoch.job_id,
        "sample": Sample.job_id,
        "checkpoint": Checkpoint.job_id,
        "text": Output.job_id,
    }
    return {
        noun: session.scalars(select(func.count()).where(owner == job_id)).one()
        for noun, owner in owners.items()
    }


def jobs_in(session: Session, team_id: str, statuses: tuple[str, ...], limit: int) -> list[Job]:
    """Return the team's newest jobs that are in one of the statuses and that lists show."""
    query = select(Job).where(Job.team_id == team_id, Job.status.in_(statuses))
    query = query.where(LISTED)
    return list(session.scalars(query.order_by(Job.id.desc()).limit(limit)))


def active_ids(session: Session, team_id: str, limit: int) -> list[str]:
    """Return the team's jobs that run or wait, the newest first, but for answers."""
    found: list[str] = []
    for status in (Status.RUNNING, Status.QUEUED):
        # Written out: each status has an index of its own.
        query = select(Job.id).where(Job.status == literal_column(f"'{status}'"))
        query = query.where(Job.team_id == team_id, LISTED)
        found += session.scalars(query.order_by(Job.id.desc()).limit(limit))
    return sorted(found, reverse=True)[:limit]


def newest_job_id(session: Session, team_id: str) -> str | None:
    """Return the id of the job that was submitted last."""
    query = select(Job.id).where(Job.team_id == team_id)
    return session.scalar(query.order_by(Job.id.desc()).limit(1))


def ended_of(session: Session, team_id: str, ids: list[str], since: str | None) -> list[Job]:
    """Return those of the jobs of ``ids``, and of those submitted after ``since``, that ended."""
    named = Job.id.in_(ids) if since is None else or_(Job.id.in_(ids), Job.id > since)
    query = select(Job).where(named, Job.team_id == team_id, Job.status.in_(ENDED))
    query = query.where(LISTED)
    return list(session.scalars(query.order_by(Job.id).limit(MOST_TOLD)))


def newest_output(session: Session, team_id: str) -> tuple[Output, Job] | None:
    """Return the last text that was generated, with its job."""
    query = select(Output, Job).join(Job, Output.job_id == Job.id)
    query = query.where(Job.team_id == team_id, LISTED)
    row = session.execute(query.order_by(Output.id.desc()).limit(1)).first()
    return (row[0], row[1]) if row else None


def newest_sample(session: Session, team_id: str) -> tuple[Sample, Job] | None:
    """Return the last sample that a training run wrote, with its job."""
    query = select(Sample, Job).join(Job, Sample.job_id == Job.id).where(Job.team_id == team_id)
    row = session.execute(query.order_by(Sample.id.desc()).limit(1)).first()
    return (row[0], row[1]) if row else None


def all_corpora(session: Session, team_id: str) -> list[Corpus]:
    """Return the corpora to choose from, newest first."""
    return list_corpora(session, team_id, limit=MAX_LIMIT).data


def jobs_of_corpus(session: Session, corpus: Corpus, limit: int = 10) -> list[Job]:
    """Return the newest jobs that read the corpus, of those that lists show."""
    versions = [version.id for version in corpus.versions]
    query = select(Job).where(Job.corpus_version_id.in_(versions), LISTED)
    return list(session.scalars(query.order_by(Job.id.desc()).limit(limit)))


def best_checkpoint(session: Session, team_id: str) -> Checkpoint | None:
    """Return the best checkpoint of the newest run that has one."""
    query = select(Checkpoint).join(Job, Checkpoint.job_id == Job.id)
    query = query.where(Job.team_id == team_id, Checkpoint.best)
    return session.scalar(query.order_by(Job.id.desc()).limit(1))


def checkpoints_to_choose(
    session: Session, team_id: str, wanted: str = ""
) -> list[tuple[Checkpoint, Job]]:
    """Return the newest checkpoints, and the ``wanted`` one however old it is."""
    rows = latest_checkpoints(session, team_id)
    if not wanted or any(row.id == wanted for row, _ in rows):
        return rows
    try:
        row = get_checkpoint(session, team_id, wanted)
    except NotFound:
        return rows
    return [*rows, (row, session.get_one(Job, row.job_id))]


def version_and_corpus(session: Session, version_id: str) -> tuple[CorpusVersion, Corpus]:
    """Return a version with the corpus that it is of."""
    version = session.get_one(CorpusVersion, version_id)
    return version, session.get_one(Corpus, version.corpus_id)


def text_of(
    session: Session, version_id: str | None
) -> tuple[CorpusVersion, Corpus] | tuple[None, None]:
    """Return the text that a job or a model goes back to, if it is one of ours."""
    return version_and_corpus(session, version_id) if version_id else (None, None)


def there_are(session: Session, team_id: str) -> dict[str, bool]:
    """Return whether the team has corpora, training jobs, generation jobs and checkpoints."""
    jobs = exists().where(Job.team_id == team_id)
    conditions = {
        "corpora": exists().where(Corpus.team_id == team_id),
        "trained": jobs.where(Job.kind == "train"),
        "generated": jobs.where(Job.kind == "generate"),
        "checkpoints": jobs.where(Checkpoint.job_id == Job.id),
    }
    return {name: bool(session.scalar(select(found))) for name, found in conditions.items()}


def _newest(
    session: Session,
    model: type[R],
    key: InstrumentedAttribute[Any],
    owner: InstrumentedAttribute[str],
    job_id: str,
    limit: int,
) -> list[R]:
    query = select(model).where(owner == job_id).order_by(key.desc()).limit(limit)
    return list(session.scalars(query))


def all_receivers(session: Session, team_id: str) -> list[Receiver]:
    """Return the receivers to choose from."""
    return list_receivers(session, team_id, limit=MAX_LIMIT).data


def receivers_of(session: Session, schedule_id: str) -> list[Receiver]:
    """Return the receivers that are told what comes of a schedule's runs."""
    rows = (session.get(Receiver, receiver_id) for receiver_id in told_of(session, schedule_id))
    return [row for row in rows if row is not None]


def corpus_of(session: Session, corpus_id: str) -> Corpus:
    """Return a corpus that something refers to."""
    return session.get_one(Corpus, corpus_id)


def answer(db: Database, session: Session, job: Job) -> dict[str, Any] | None:
    """Return what came of a job that answers, or None while there is nothing."""
    try:
        blob_id = result_blob(session, job)
    except NotFound:
        return None
    found: dict[str, Any] = json.loads(b"".join(read_blob(db, blob_id)))
    return found
