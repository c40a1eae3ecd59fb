"""What a running job writes: whole, once, and no more than its spec keeps."""

import threading
from typing import Any

import pytest
from sqlalchemy import select

from shared.blobs import Blob, read_blob, reclaim
from shared.checkpoints.queries import list_checkpoints, resume_blob
from shared.db import Database
from shared.errors import BlobMissing
from shared.jobs import records, rows, services
from shared.jobs.models import Event
from shared.jobs.queries import list_epochs, list_outputs, list_samples
from shared.jobs.rows import Lease
from tests.support.factories import (
    claim_job,
    do,
    finish_epoch,
    make_blob,
    make_generation_job,
    make_training_job,
    reload,
)

HOUR = 3600


def kept(db: Database, lease: Lease) -> list[tuple[int, bool]]:
    """Return the epochs whose checkpoints are there, and whether each is the best."""
    with db.read() as session:
        rows = list_checkpoints(session, lease.job_id).data
    return [(row.epoch, row.best) for row in rows]


def save(db: Database, lease: Lease, data: bytes) -> str:
    """Store bytes as the job's resume state; return their blob."""
    blob = make_blob(db, data)
    do(db, lambda s: records.save_state(s, lease, blob))
    return blob.id


def add_text(
    db: Database, lease: Lease, number: int, reason: str = "length", text: str = "abc"
) -> None:
    """Record a text of a generation job."""
    output = records.NewOutput(number, 0.6, "a", {}, len(text), 0, reason, text=text)
    do(db, lambda s: records.record_output(s, lease, output))


def is_stored(db: Database, blob_id: str) -> bool:
    """Tell whether a blob is there."""
    with db.read() as session:
        return session.get(Blob, blob_id) is not None


def picture(db: Database, lease: Lease) -> list[list[Any]]:
    """Return all that a training job left, by its ids."""
    with db.read() as session:
        return [
            [row.epoch for row in list_epochs(session, lease.job_id).data],
            [row.id for row in list_samples(session, lease.job_id).data],
            [row.id for row in list_checkpoints(session, lease.job_id).data],
            [resume_blob(session, lease.job_id)],
        ]


def test_event_numbers_have_no_gaps_between_writers(db: Database) -> None:
    """Events of one job, written at once from many places, are numbered one by one."""
    lease = claim_job(db, make_training_job(db))

    def writer() -> None:
        for _ in range(10):
            do(db, lambda s: rows.happened(s, lease, "note", {}))

    threads = [threading.Thread(target=writer) for _ in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    with db.read() as session:
        found = session.scalars(select(Event.seq).where(Event.job_id == lease.job_id)).all()
    assert sorted(found) == list(range(1, 53))


def test_a_resume_state_is_replaced(db: Database) -> None:
    """A job has one resume state: the last. It is no event."""
    lease = claim_job(db, make_training_job(db))
    before = reload(db, lease).event_seq
    _, second = save(db, lease, b"first"), save(db, lease, b"second")
    with db.read() as session:
        assert resume_blob(session, lease.job_id) == second
    assert reload(db, lease).event_seq == before


def test_an_old_resume_state_goes_at_once(db: Database) -> None:
    """The sweeper's next round has its bytes, though the grace time is long."""
    lease = claim_job(db, make_training_job(db))
    first, second = save(db, lease, b"first"), save(db, lease, b"second")
    assert reclaim(db, HOUR) == 1
    assert (is_stored(db, first), is_stored(db, second)) == (False, True)


def test_the_same_state_again_stays(db: Database) -> None:
    """A run that is stopped where it was taken up saves the bytes that it read."""
    lease = claim_job(db, make_training_job(db))
    first, again = save(db, lease, b"same"), save(db, lease, b"same")
    assert (first, reclaim(db, HOUR)) == (again, 0)
    assert b"".join(read_blob(db, again)) == b"same"


def test_a_twins_resume_state_stays(db: Database) -> None:
    """Two runs of one spec have states of the same bytes: one's going takes none of the other's."""
    one = claim_job(db, make_training_job(db))
    save(db, one, b"the twins' state")
    two = claim_job(db, make_training_job(db))
    stored = make_blob(db, b"the twins' state")
    save(db, one, b"further on")
    assert reclaim(db, HOUR) == 0
    do(db, lambda s: records.save_state(s, two, stored))
    assert b"".join(read_blob(db, stored.id)) == b"the twins' state"
    do(db, lambda s: services.succeed(s, two))
    assert reclaim(db, HOUR) == 1


def test_a_state_whose_bytes_are_gone_is_refused(db: Database) -> None:
    """The one that was there before stays."""
    lease = claim_job(db, make_training_job(db))
    first, late = save(db, lease, b"first"), make_blob(db, b"came too late")
    reclaim(db, -1)
    with pytest.raises(BlobMissing):
        do(db, lambda s: records.save_state(s, lease, late))
    with db.read() as session:
        assert resume_blob(session, lease.job_id) == first


def test_success_leaves_nothing_to_resume(db: Database) -> None:
    """The state goes with the end, its bytes with the next round."""
    lease = claim_job(db, make_training_job(db))
    finish_epoch(db, lease)
    with db.read() as session:
        blob_id = resume_blob(session, lease.job_id) or ""
    do(db, lambda s: services.succeed(s, lease))
    with db.read() as session:
        assert resume_blob(session, lease.job_id) is None
    assert reclaim(db, HOUR) == 1
    assert not is_stored(db, blob_id)


@pytest.mark.parametrize("how", ["fail", "cancel", "lose"])
def test_any_other_end_keeps_the_state(db: Database, how: str) -> None:
    """Retry goes on from it."""
    lease = claim_job(db, make_training_job(db, max_losses=1))
    finish_epoch(db, lease)
    ends: dict[str, Any] = {
        "fail": lambda s: services.fail(s, lease, "internal", "no"),
        "cancel": lambda s: (services.cancel(s, lease.job_id), services.hand_back(s, lease)),
        "lose": lambda s: services.lose(s, lease, "killed"),
    }
    do(db, ends[how])
    assert reclaim(db, HOUR) == 0
    do(db, lambda s: services.retry(s, lease.job_id))
    with db.read() as session:
        assert resume_blob(session, lease.job_id) is not None


def test_old_checkpoints_go_but_the_best_stays(db: Database) -> None:
    """keep_checkpoints newest ones are kept, and the best one however old."""
    lease = claim_job(db, make_training_job(db, keep_checkpoints=2, epochs=5))
    for epoch, loss in enumerate([3.0, 1.0, 2.5, 2.4, 2.3], 1):
        finish_epoch(db, lease, epoch, val_loss=loss)
    assert kept(db, lease) == [(2, True), (4, False), (5, False)]


def test_every_kth_checkpoint_is_kept_for_good(db: Database) -> None:
    """keep_every comes on top of the newest and the best."""
    lease = claim_job(db, make_training_job(db, keep_checkpoints=1, keep_every=3, epochs=8))
    for epoch, loss in enumerate([3.0, 1.0, 2.5, 2.4, 2.3, 2.2, 2.1, 2.0], 1):
        finish_epoch(db, lease, epoch, val_loss=loss)
    assert kept(db, lease) == [(2, True), (3, False), (6, False), (8, False)]


def test_a_checkpoint_that_another_job_works_with_is_kept(db: Database) -> None:
    """However old, until that job is deleted."""
    lease = claim_job(db, make_training_job(db, keep_checkpoints=1, epochs=4))
    finish_epoch(db, lease, 1, val_loss=3.0)
    with db.read() as session:
        (first,) = list_checkpoints(session, lease.job_id).data
    writing = make_generation_job(db, first)
    finish_epoch(db, lease, 2, val_loss=2.0)
    finish_epoch(db, lease, 3, val_loss=1.0)
    assert kept(db, lease) == [(1, False), (3, True)]
    do(db, lambda s: services.cancel(s, writing.id))
    do(db, lambda s: services.delete(s, writing.id))
    finish_epoch(db, lease, 4, val_loss=0.5)
    assert kept(db, lease) == [(4, True)]


def test_an_epoch_that_is_written_twice_is_there_once(db: Database) -> None:
    """Its worker may not have heard that the first commit went through."""
    lease = claim_job(db, make_training_job(db))
    finish_epoch(db, lease, temperatures=[0.3, 0.6, 1])
    before, at = reload(db, lease), picture(db, lease)
    finish_epoch(db, lease, temperatures=[0.3, 0.6, 1])
    assert (reload(db, lease).event_seq, picture(db, lease)) == (before.event_seq, at)


def test_a_text_that_is_written_twice_is_there_once(db: Database) -> None:
    """The first one stays."""
    lease = claim_job(db, make_generation_job(db))
    for text in ("abc", "xyz"):
        add_text(db, lease, 1, text=text)
    with db.read() as session:
        assert [row.text for row in list_outputs(session, lease.job_id).data] == ["abc"]
    assert reload(db, lease).event_seq == 3


def test_finished_texts_outlive_their_attempt(db: Database) -> None:
    """The next attempt discards only what was cut short, and says which."""
    lease = claim_job(db, make_generation_job(db, count=3))
    for number, reason in ((1, "length"), (2, records.CUT_SHORT), (3, "stop")):
        add_text(db, lease, number, reason)
    do(db, lambda s: services.hand_back(s, lease))
    again = claim_job(db, queue="generate")
    assert do(db, lambda s: records.drop_unfinished(s, again)) == {1, 3}
    events = reload(db, again).event_seq
    assert do(db, lambda s: records.drop_unfinished(s, again)) == {1, 3}
    assert reload(db, again).event_seq == events
    with db.read() as session:
        last = session.get_one(Event, (lease.job_id, events))
    assert (last.type, last.data) == ("outputs_discarded", {"numbers": [2]})
