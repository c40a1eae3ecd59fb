"""Two teams on two training workers: the one's many jobs hold up the other's but little."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select, update

from shared.corpora.sources import python_reference
from shared.db import Database
from shared.jobs.models import Job, Status
from tests.chaos.second_node import second_node
from tests.support.factories import (
    do,
    make_corpus,
    make_team,
    make_training_job,
    queue_many,
    reload,
)
from tests.support.stacks import running_stack, wait_for

pytestmark = pytest.mark.timeout(400)

SHORT: dict[str, Any] = {"epochs": 1, "max_windows": 320, "sample_length": 0}
TEXT = python_reference()[:20_000]


def started(db: Database, team_id: str) -> int:
    """Return how many of a team's jobs have started."""
    query = select(func.count()).where(Job.team_id == team_id, Job.started_at.is_not(None))
    with db.read() as session:
        return session.scalars(query).one()


def started_before(db: Database, ids: list[str], job: Job) -> int:
    """Wait until a job starts; return how many of the others started before it."""
    wait_for(lambda: reload(db, job).started_at, 60)
    moment = reload(db, job).started_at
    query = select(func.count()).where(Job.id.in_(ids), Job.started_at <= moment)
    with db.read() as session:
        return session.scalars(query).one()


def test_two_hundred_jobs_hold_up_nobody(tmp_path: Path) -> None:
    """The other team's job starts before three more of them have, however long they waited."""
    with running_stack(tmp_path / "data") as stack, second_node(stack, tmp_path):
        db = Database(f"sqlite:///{stack.data}/charloom.db")
        corpus = make_corpus(db, TEXT)
        other = make_corpus(db, TEXT + "!", team_id=make_team(db))
        ids = queue_many(db, corpus, 200, **SHORT)
        with db.write() as session:
            for job in session.scalars(select(Job).where(Job.id.in_(ids))):
                job.created_at -= timedelta(hours=6)
        wait_for(lambda: started(db, corpus.team_id) >= 6, 120)
        for _ in range(3):
            single = make_training_job(db, other, team_id=other.team_id, **SHORT)
            before = started(db, corpus.team_id)
            assert started_before(db, ids, single) - before < 3
        waiting = update(Job).where(Job.status == Status.QUEUED).values(status=Status.CANCELLED)
        do(db, lambda s: s.execute(waiting))
        db.close()
