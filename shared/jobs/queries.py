"""Reading jobs and what they left."""

from collections.abc import Iterator
from dataclasses import dataclass
from statistics import median
from typing import Any

from sqlalchemy import Select, and_, func, literal_column, not_, or_, select
from sqlalchemy.orm import Session

from shared.blobs import Blob, read_blob
from shared.db import Database, database_now, octets
from shared.errors import NotFound
from shared.ids import is_id
from shared.jobs.models import (
    ANSWERS,
    DESK_KEYS,
    QUEUES,
    Epoch,
    Event,
    Job,
    Output,
    Sample,
    Status,
)
from shared.origins import REQUEST, TRACE
from shared.pages import DEFAULT_LIMIT, Page, page
from shared.said import said

PIECE_ROWS = 50
# How far back waits are looked at.
LAST_JOBS = 500
# The queues that jobs wait on.
WORKED = sorted(set(QUEUES.values()))
# True of the events that tell of no written text: as the index has it, without a parameter.
NO_TEXT = Event.type != literal_column("'text'")
# True of what the writing desk lets write.
OF_DESK = Job.idempotency_key.startswith(DESK_KEYS, autoescape=True)
# True of the jobs that lists show: neither answers nor what the desk lets write, which are many.
LISTED = and_(
    Job.kind.not_in(ANSWERS),
    or_(Job.idempotency_key.is_(None), not_(OF_DESK)),
)


def get_job(session: Session, team_id: str, job_id: str) -> Job:
    """Return the team's job. Raises ``NotFound``."""
    job = session.get(Job, job_id) if is_id(job_id) else None
    if job is None or job.team_id != team_id:
        raise NotFound(said("no job has the id {id}", id=job_id))
    return job


def list_jobs(
    session: Session,
    team_id: str,
    *,
    ids: list[str] | None = None,
    kind: str | None = None,
    status: str | None = None,
    answers: bool = True,
    after: str | None = None,
    limit: int = DEFAULT_LIMIT,
) -> Page[Job]:
    """Return the team's jobs, newest first; of ``ids`` those that there are.

    ``answers`` may be left out, which are many, and with them what the writing desk lets write.
    """
    query = select(Job).where(Job.team_id == team_id)
    query = query.where(Job.id.in_(ids)) if ids is not None else query
    query = query.where(Job.kind == kind) if kind else query
    query = query if answers else query.where(LISTED)
    query = query.where(Job.status == status) if status else query
    return page(session, query, Job.id, after=after, limit=limit, newest_first=True)


def list_events(
    session: Session, job_id: str, *, after: int | None = None, limit: int = DEFAULT_LIMIT
) -> Page[Event]:
    """Return the job's events behind ``seq`` ``after``, oldest first."""
    query = select(Event).where(Event.job_id == job_id)
    return page(session, query, Event.seq, after=after, limit=limit)


def list_moves(session: Session, job_id: str, *, after: int | None = None) -> list[Event]:
    """Return the job's next events behind ``after`` but those of written text, oldest first."""
    query = select(Event).where(Event.job_id == job_id, NO_TEXT)
    return page(session, query, Event.seq, after=after).data


def list_epochs(
    session: Session, job_id: str, *, after: int | None = None, limit: int = DEFAULT_LIMIT
) -> Page[Epoch]:
    """Return the job's epoch records behind epoch ``after``, oldest first."""
    query = select(Epoch).where(Epoch.job_id == job_id)
    return page(session, query, Epoch.epoch, after=after, limit=limit)


def list_samples(
    session: Session,
    job_id: str,
    *,
    starred: bool | None = None,
    after: str | None = None,
    limit: int = DEFAULT_LIMIT,
) -> Page[Sample]:
    """Return the job's samples, oldest first: all, the starred ones, or those without a star."""
    query = select(Sample).where(Sample.job_id == job_id)
    query = query if starred is None else query.where(Sample.starred.is_(starred))
    return page(session, query, Sample.id, after=after, limit=limit)


def list_outputs(
    session: Session, job_id: str, *, after: str | None = None, limit: int = DEFAULT_LIMIT
) -> Page[Output]:
    """Return the job's outputs, oldest first."""
    query = select(Output).where(Output.job_id == job_id)
    return page(session, query, Output.id, after=after, limit=limit)


@dataclass(frozen=True)
class TextPlace:
    """Which output a text is of, its size in bytes of UTF-8, and its blob if it has one."""

    id: str
    bytes: int
    blob_id: str | None


def text_places(session: Session, job_id: str, number: int | None = None) -> list[TextPlace]:
    """Return where a job's texts are, oldest first, or where the one of that number is.

    Raises ``NotFound``.
    """
    size = func.coalesce(Blob.bytes, octets(func.coalesce(Output.text, "")))
    query = select(Output.id, size, Output.blob_id).outerjoin(Blob, Output.blob_id == Blob.id)
    query = query.where(Output.job_id == job_id).order_by(Output.id)
    if number is not None:
        query = query.where(Output.number == number)
    places = [TextPlace(*row) for row in session.execute(query)]
    if number is not None and not places:
        raise NotFound(said("the job has no output {number}", number=number))
    return places


def read_text(db: Database, place: TextPlace, start: int = 0) -> Iterator[bytes]:
    """Yield the UTF-8 bytes of a text from offset ``start``. Raises ``BlobMissing``."""
    if place.blob_id is not None:
        yield from read_blob(db, place.blob_id, start)
        return
    with db.read() as session:
        text = session.scalar(select(Output.text).where(Output.id == place.id))
    yield (text or "").encode()[start:]


def output_text(db: Database, output: Output) -> Iterator[bytes]:
    """Yield the UTF-8 bytes of an output, wherever they are kept."""
    if output.blob_id is None:
        yield (output.text or "").encode()
    else:
        yield from read_blob(db, output.blob_id)


def all_outputs(db: Database, job_id: str) -> Iterator[Output]:
    """Yield every output of a job, oldest first, holding no transaction between pages."""
    after: str | None = None
    more = True
    while more:
        with db.read() as session:
            rows = list_outputs(session, job_id, after=after, limit=PIECE_ROWS)
        yield from rows.data
        more, after = rows.has_more, rows.data[-1].id if rows.data else None


def all_samples(db: Database, job_id: str, starred: bool | None = None) -> Iterator[Sample]:
    """Yield every sample of a job, oldest first, holding no transaction between pages.

    ``starred`` as in ``list_samples``.
    """
    after: str | None = None
    more = True
    while more:
        with db.read() as session:
            rows = list_samples(session, job_id, starred=starred, after=after, limit=PIECE_ROWS)
        yield from rows.data
        more, after = rows.has_more, rows.data[-1].id if rows.data else None


def count_jobs(session: Session) -> list[tuple[str, str, int]]:
    """Return how many jobs of each kind have each status, whoever's they are."""
    query = select(Job.kind, Job.status, func.count()).group_by(Job.kind, Job.status)
    return [(kind, status, count) for kind, status, count in session.execute(query)]


def oldest_waiting(session: Session) -> dict[str, float]:
    """Return for each queue on which jobs wait for how many seconds the oldest has been there."""
    now, found = database_now(session), {}
    for queue in WORKED:
        since = session.scalar(_waiting(queue, Job.created_at).limit(1))
        if since is not None:
            found[queue] = max(0.0, (now - since).total_seconds())
    return found


@dataclass(frozen=True)
class Wait:
    """How many seconds jobs of a queue waited for a worker."""

    median: float
    longest: float


def waits_of_late(session: Session) -> dict[str, Wait]:
    """Return for each queue how long those waited that started, of the last jobs submitted.

    Ids grow with time: only so many rows of the primary key are looked at.
    """
    last = select(Job.id).order_by(Job.id.desc()).limit(LAST_JOBS).subquery()
    query = select(Job.queue, Job.created_at, Job.started_at).join(last, Job.id == last.c.id)
    waits: dict[str, list[float]] = {}
    for queue, created, started in session.execute(query):
        if started is None:
            continue
        waits.setdefault(queue, []).append(max(0.0, (started - created).total_seconds()))
    return {queue: Wait(median(found), max(found)) for queue, found in waits.items()}


def origin_of(session: Session, job_id: str) -> dict[str, str]:
    """Return for which request a job was submitted, as its first event has it."""
    data = session.scalar(select(Event.data).where(Event.job_id == job_id, Event.seq == 1)) or {}
    return {name: str(data[name]) for name in (REQUEST, TRACE) if name in data}


def queued_by_queue(session: Session, most: int | None = None) -> dict[str, int]:
    """Return how many jobs wait on each queue, counting no further than ``most``; none: left out.

    Without it each of them is looked at, which is not for every few seconds.
    """
    counts = {}
    for queue in WORKED:
        rows = _waiting(queue, Job.id).limit(most).subquery()
        counts[queue] = session.scalars(select(func.count()).select_from(rows)).one()
    return {queue: count for queue, count in counts.items() if count}


def any_waits(session: Session, queue: str, needs_key: str) -> bool:
    """Tell whether a job of a queue waits that asks for just that."""
    waits = (Job.queue == queue, Job.status == Status.QUEUED, Job.needs_key == needs_key)
    return session.scalar(select(Job.id).where(*waits).limit(1)) is not None


def at_work(session: Session) -> set[str]:
    """Return the names of the workers that run a job."""
    query = select(Job.worker).where(Job.status == Status.RUNNING)
    return {name for name in session.scalars(query) if name}


def _waiting(queue: str, what: Any) -> Select[Any]:
    """Return the query of a queue's waiting jobs, oldest first: so it goes along their index."""
    waits = (Job.queue == queue, Job.status == Status.QUEUED)
    return select(what).where(*waits).order_by(Job.created_at)
