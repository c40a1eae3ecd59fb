"""Deleting a job: all it left goes, and nothing that others need."""

import pytest
from sqlalchemy import Table, func, select
from sqlalchemy.orm import Session
from sqlalchemy.sql import Select

from shared.accounts.models import DEFAULT_TEAM_ID
from shared.blobs import Blob, BlobChunk, read_blob, reclaim
from shared.checkpoints.models import Checkpoint
from shared.checkpoints.queries import list_checkpoints
from shared.corpora.models import CorpusVersion
from shared.corpora.queries import get_corpus
from shared.db import Base, Database
from shared.errors import InUse, MoveRefused, NotFound
from shared.ids import new_id
from shared.jobs import services
from shared.jobs.answers import INPUT, attach
from shared.jobs.models import ENDED, Job, Status
from shared.jobs.records import NewOutput, record_output
from shared.jobs.rows import Lease
from shared.models.services import ensure_model, work_for
from shared.notices.services import add_receiver, tell_job
from tests.support.factories import (
    claim_job,
    do,
    finish_epoch,
    make_blob,
    make_checkpoint,
    make_corpus,
    make_generation_job,
    make_standing_job,
    make_training_job,
    reload,
    write_text,
)

# A schedule's runs stay, without the id.
LEFT = [
    table
    for table in Base.metadata.sorted_tables
    if "job_id" in table.c and not table.c["job_id"].nullable
]


def count_of(table: Table, job_id: str) -> Select[int]:
    """Return the query that counts a job's rows of a table."""
    return select(func.count()).where(table.c.job_id == job_id)


def left_by(db: Database, job_id: str) -> dict[str, int]:
    """Return how many rows of each table are a job's."""
    with db.read() as session:
        return {table.name: session.scalars(count_of(table, job_id)).one() for table in LEFT}


def connect(session: Session, job_id: str) -> None:
    """Let a job work for a model, and a receiver be told of its end."""
    work_for(session, ensure_model(session, DEFAULT_TEAM_ID, "bard"), job_id)
    receiver = add_receiver(session, DEFAULT_TEAM_ID, "ours", email="us@example.org")
    tell_job(session, job_id, [receiver.id])


def succeeded(db: Database, lease: Lease) -> Job:
    """End a claimed job well."""
    do(db, lambda s: services.succeed(s, lease))
    return reload(db, lease)


def delete(db: Database, job: Job | Lease) -> None:
    """Delete a job."""
    do(db, lambda s: services.delete(s, reload(db, job).id))


def blobs(db: Database) -> set[str]:
    """Return the blobs that are left when all that nothing refers to is reclaimed."""
    while reclaim(db, grace_seconds=-1):
        pass
    with db.read() as session:
        chunks = set(session.scalars(select(BlobChunk.blob_id)))
        found = set(session.scalars(select(Blob.id)))
    assert chunks <= found
    return found


def make_user(db: Database, checkpoint: Checkpoint, kind: str) -> Job:
    """Submit a job that works with a checkpoint."""
    if kind == "generate":
        return make_generation_job(db, checkpoint, name="the other")
    with db.read() as session:
        trained = session.get_one(Job, checkpoint.job_id)
        corpus_id = session.get_one(CorpusVersion, trained.corpus_version_id).corpus_id
        corpus = get_corpus(session, DEFAULT_TEAM_ID, corpus_id)
    return make_training_job(db, corpus, from_checkpoint_id=checkpoint.id, name="the other")


def written(db: Database, checkpoint: Checkpoint) -> Job:
    """Return a generation job that has written a text too long for its row, and some of another."""
    lease = claim_job(db, make_generation_job(db, checkpoint))
    blob = make_blob(db, b"a long text" * 9)
    output = NewOutput(1, 0.6, "a", {}, 99, 0, "length", blob=blob)
    do(db, lambda s: record_output(s, lease, output))
    do(db, lambda s: attach(s, lease.job_id, INPUT, blob.id))
    write_text(db, lease, 2, "and ", "then")
    return succeeded(db, lease)


@pytest.mark.parametrize("status", ENDED)
def test_an_ended_job_goes_with_all_its_rows(db: Database, status: Status) -> None:
    """In every table that knows its id."""
    job = make_standing_job(db, status)
    delete(db, job)
    assert set(left_by(db, job.id).values()) == {0}
    with pytest.raises(NotFound, match=f"no job has the id {job.id}"):
        do(db, lambda s: services.delete(s, job.id))


def test_a_job_that_left_something_everywhere(db: Database) -> None:
    """A failed training job and a generation job fill each table once; then none is filled."""
    lease = claim_job(db, make_training_job(db))
    finish_epoch(db, lease)
    do(db, lambda s: connect(s, lease.job_id))
    with db.read() as session:
        (checkpoint,) = list_checkpoints(session, lease.job_id).data
    do(db, lambda s: services.fail(s, lease, "internal", "no"))
    writing = written(db, checkpoint)
    left = [left_by(db, lease.job_id), left_by(db, writing.id)]
    assert all(counts[0] or counts[1] for counts in zip(*(d.values() for d in left), strict=True))
    for job in (writing, reload(db, lease)):
        delete(db, job)
        assert set(left_by(db, job.id).values()) == {0}


def test_the_bytes_go_too(db: Database) -> None:
    """Models, states and long texts; but none that another job has as well."""
    corpus = make_corpus(db)
    before = blobs(db)
    other = claim_job(db, make_training_job(db, corpus))
    finish_epoch(db, other, model=b"the same model", state=b"a state of its own")
    others = blobs(db)
    lease = claim_job(db, make_training_job(db, corpus))
    finish_epoch(db, lease, 1, model=b"the same model")
    finish_epoch(db, lease, 2)
    do(db, lambda s: services.fail(s, lease, "internal", "no"))
    assert len(blobs(db)) == len(others) + 2
    delete(db, lease)
    assert blobs(db) == others
    delete(db, succeeded(db, other))
    assert blobs(db) == before


def test_long_texts_go_too(db: Database) -> None:
    """Those of a generation job; the model that wrote them stays."""
    checkpoint = make_checkpoint(db)
    before = blobs(db)
    writing = written(db, checkpoint)
    assert len(blobs(db)) == len(before) + 1
    delete(db, writing)
    assert blobs(db) == before
    assert b"".join(read_blob(db, checkpoint.blob_id))


@pytest.mark.parametrize("status", [status for status in Status if status not in ENDED])
def test_a_job_that_has_not_ended_is_kept(db: Database, status: Status) -> None:
    """The refusal names its status and what is accepted; nothing went."""
    job = make_standing_job(db, status)
    before = left_by(db, job.id)
    with pytest.raises(MoveRefused, match=f"delete a job that is {status}; .* succeeded, failed"):
        delete(db, job)
    assert left_by(db, job.id) == before


def test_an_unknown_job(db: Database) -> None:
    """It is named."""
    with pytest.raises(NotFound, match="no job"):
        do(db, lambda s: services.delete(s, new_id()))


@pytest.mark.parametrize("user", ["train", "generate"])
def test_a_job_whose_checkpoint_works_is_kept(db: Database, user: str) -> None:
    """Until the job that goes on from it or writes with it is deleted, ended or not."""
    checkpoint = make_checkpoint(db)
    job = succeeded(db, Lease(checkpoint.job_id, 1))
    other = make_user(db, checkpoint, user)
    with pytest.raises(InUse, match="delete 'the other' first"):
        delete(db, job)
    assert left_by(db, job.id)["checkpoints"] == 1
    do(db, lambda s: services.cancel(s, other.id))
    with pytest.raises(InUse):
        delete(db, job)
    delete(db, other)
    delete(db, job)


def test_many_that_work_with_it(db: Database) -> None:
    """The refusal names three of them and counts the others."""
    checkpoint = make_checkpoint(db)
    job = succeeded(db, Lease(checkpoint.job_id, 1))
    for number in range(5):
        make_generation_job(db, checkpoint, name=f"poet {number}")
    with pytest.raises(InUse, match="delete 'poet 0', 'poet 1', 'poet 2' and 2 others first"):
        delete(db, job)
