"""What is asked all the time reads no large table whole: PostgreSQL's own plans, as they ran."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from shared.accounts.models import DEFAULT_TEAM_ID
from shared.blob_ends import Reclaiming
from shared.blobs import read_blob
from shared.db import Database, now
from shared.ids import new_id
from shared.jobs import services
from shared.jobs.answers import forget
from shared.jobs.marks import Marks
from shared.jobs.models import Job, Status
from shared.jobs.queries import (
    count_jobs,
    get_job,
    list_epochs,
    list_events,
    list_jobs,
    list_moves,
    oldest_waiting,
    queued_by_queue,
)
from shared.limits.models import LIMITS
from shared.limits.queries import standing
from shared.workers.queries import count_alive, jobs_of, list_workers
from shared.workers.services import Process, forget_old, see
from tests.support.factories import (
    claim_job,
    do,
    make_blob,
    make_corpus,
    make_scoring_job,
    make_team,
    make_training_job,
    reload,
)
from tests.support.plans import read_whole, told_plans
from tests.support.servers import Postgres

ENDED, QUEUED = 20_000, 2_000
COPY = """
    INSERT INTO jobs ({columns}) SELECT {values}
    FROM jobs, generate_series(1, :count) WHERE id = :id"""
MORE = (
    # Nothing here refers to what is not there: looking for it takes most of the time.
    "SET session_replication_role = replica",
    "INSERT INTO events (job_id, seq, type, data, created_at)"
    " SELECT id, n, 'running', '{}', created_at FROM jobs, generate_series(1, 2) AS n"
    " WHERE event_seq = 2 ON CONFLICT DO NOTHING",
    "INSERT INTO epochs (job_id, epoch, attempt, loss, accuracy, seconds, characters_per_second,"
    " created_at) SELECT id, 1, 1, 2, 0.4, 1, 1, created_at FROM jobs"
    " ON CONFLICT DO NOTHING",
    "INSERT INTO blobs (id, sha256, bytes, touched_at) SELECT gen_random_uuid(), n::text, 1, 1"
    " FROM generate_series(1, 5000) AS n",
    "INSERT INTO blob_chunks (blob_id, number, data) SELECT id, 0, 'x' FROM blobs"
    " ON CONFLICT DO NOTHING",
    "SET session_replication_role = DEFAULT",
)
Step = Callable[[Database, "Filled"], Any]


class Filled:
    """A service that has been used for long, and jobs that stand so."""

    def __init__(self, url: str):
        db = Database(url)
        self.url, self.corpus = url, make_corpus(db)
        self.few = make_team(db, "few")
        self.text = make_blob(db, b"x" * 10)
        make_scoring_job(db)
        job = make_training_job(db, self.corpus)
        do(db, lambda s: _copy(s, job.id, QUEUED, id="uuidv7()"))
        do(db, lambda s: _copy(s, job.id, ENDED, id="uuidv7()", status="'succeeded'",
                               finished_at="now()"))  # fmt: skip
        make_training_job(db, team_id=self.few)
        with db.write() as session:
            for statement in MORE:
                session.execute(text(statement))
        with db.engine.connect() as connection:
            # As the server does by itself, now and then.
            connection.execution_options(isolation_level="AUTOCOMMIT").execute(
                text("VACUUM ANALYZE")
            )
        self.lease = claim_job(db)
        self.team = reload(db, self.lease).team_id
        db.close()


def _copy(session: Any, job_id: str, count: int, **values: str) -> None:
    values = values | {"event_seq": "2"}
    names = [column.name for column in Job.__table__.columns]
    sql = COPY.format(columns=", ".join(names), values=", ".join(values.get(n, n) for n in names))
    session.execute(text(sql), {"count": count, "id": job_id})


@pytest.fixture(scope="module")
def filled(postgres: Postgres) -> Iterator[Filled]:
    """One database for all tests here: none of them counts what is there."""
    with postgres.migrated() as url:
        yield Filled(url)
        db = Database(url)
        # Far sooner than row by row.
        do(db, lambda s: s.execute(text("TRUNCATE jobs, blobs CASCADE")))
        db.close()


def _in(change: Callable[[Any, Filled], Any]) -> Step:
    return lambda db, filled: do(db, lambda session: change(session, filled))


def _train(db: Database, filled: Filled) -> None:
    make_training_job(db, filled.corpus)


def _run(db: Database, filled: Filled) -> None:
    lease = claim_job(db)
    do(db, lambda s: services.renew(s, lease, 30))
    do(db, lambda s: services.report_progress(s, lease, {"fraction": 0.5}))
    do(db, lambda s: services.succeed(s, lease))


def _moves(db: Database, filled: Filled) -> None:
    job_id = make_training_job(db, filled.corpus).id
    for move in (services.pause, services.resume, services.cancel, services.delete):
        do(db, lambda s, move=move: move(s, job_id))  # type: ignore[misc]


def _poll(db: Database, filled: Filled) -> None:
    assert Marks(db).of(filled.team, filled.lease.job_id) is not None
    do(db, lambda s: get_job(s, filled.team, filled.lease.job_id))


def _metrics(session: Any, _: Filled) -> None:
    count_jobs(session), oldest_waiting(session), queued_by_queue(session)
    count_alive(session, 30)


def _workers(session: Any, _: Filled) -> None:
    see(session, Process(new_id(), "w", ["train"], "cpu", now()))
    jobs_of(session, DEFAULT_TEAM_ID, list_workers(session).data)
    forget_old(session)


HOT: dict[str, Step] = {
    "submit": _train,
    "claim, renew, progress, end": _run,
    "nothing to claim": _in(lambda s, f: services.claim(s, "generate", "w", 30)),
    "pause, resume, cancel, delete": _moves,
    "leases": _in(lambda s, f: services.expire(s)),
    "old answers": lambda db, f: forget(db, 0),
    "poll": _poll,
    "page of jobs": _in(lambda s, f: list_jobs(s, DEFAULT_TEAM_ID)),
    "page of a small team": _in(lambda s, f: list_jobs(s, f.few, answers=False)),
    "waiting jobs": _in(lambda s, f: list_jobs(s, DEFAULT_TEAM_ID, status=Status.QUEUED)),
    "failed jobs": _in(lambda s, f: list_jobs(s, DEFAULT_TEAM_ID, status=Status.FAILED)),
    "running jobs": _in(lambda s, f: list_jobs(s, f.few, status=Status.RUNNING)),
    "events": _in(lambda s, f: [read(s, f.lease.job_id) for read in (list_events, list_moves)]),
    "epochs": _in(lambda s, f: list_epochs(s, f.lease.job_id)),
    "limits": _in(lambda s, f: standing(s, DEFAULT_TEAM_ID, LIMITS)),
    "metrics": _in(_metrics),
    "workers": _in(_workers),
    "blobs that are nobody's": lambda db, f: Reclaiming().round(db, 0, limit=3),
    "a blob": lambda db, f: list(read_blob(db, f.text.id)),
}


@pytest.mark.parametrize("generic", [False, True], ids=["for the values", "for any values"])
@pytest.mark.parametrize("name", HOT)
def test_no_table_is_read_whole(filled: Filled, name: str, generic: bool) -> None:
    """With 22,000 jobs; also by plans made once for any values, as prepared statements have."""
    with told_plans(filled.url, generic=generic) as (db, plans):
        HOT[name](db, filled)
    assert plans
    assert read_whole(plans) == []


# Of several, one does for the other.
MISSED: tuple[tuple[str, Callable[[Session, Filled], Any]], ...] = (
    ("standing", lambda s, f: count_jobs(s)),
    ("standing", lambda s, f: list_jobs(s, DEFAULT_TEAM_ID, status=Status.QUEUED)),
    ("lease running standing", lambda s, f: services.expire(s)),
    ("claim waiting team standing", lambda s, f: services.claim(s, "train", "w", 30)),
)


@pytest.mark.parametrize(("indexes", "step"), MISSED, ids=["count", "page", "leases", "claim"])
def test_missing_indexes_are_noticed(
    filled: Filled, indexes: str, step: Callable[[Session, Filled], Any]
) -> None:
    """Else the test above could not fail."""
    with told_plans(filled.url) as (db, plans), Session(db.engine) as session:
        for name in indexes.split():
            session.execute(text(f"DROP INDEX ix_jobs_{name}"))
        step(session, filled)
        session.rollback()
    assert read_whole(plans)
