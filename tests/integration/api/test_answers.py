"""Scores and verifications: answered in the request, or later."""

from functools import partial
from typing import Any

import pytest
from sqlalchemy import func, select

from shared.blobs import Blob, reclaim
from shared.checkpoints.models import Checkpoint
from shared.db import Database
from shared.ids import new_id
from shared.jobs import services
from shared.jobs.models import Status
from shared.queue import FakeTickets
from shared.settings import Settings
from tests.integration.api.client import Api, field_error, ids, problem
from tests.support.factories import (
    claim_job,
    do,
    make_checkpoint,
    make_generation_job,
    make_training_job,
    reload,
)
from tests.support.nodes import make_node
from tests.support.stacks import wait_for
from web.api import waiting
from worker.runners import work

# What is asked of the database here, the tests of jobs ask of both.
pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

KEY = {"Idempotency-Key": "once"}


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody answers while a request waits."""
    monkeypatch.setattr(waiting, "patience", lambda: 0.05)


def receipt_of(api: Api, db: Database, settings: Settings, checkpoint: Checkpoint) -> Any:
    """Return the receipt and the text of a job that has written."""
    job = make_generation_job(db, checkpoint)
    work(make_node(db, settings), "generate")
    # Or the other worker took it.
    wait_for(lambda: reload(db, job).status == Status.SUCCEEDED, 60)
    (row,) = api.get(f"/jobs/{job.id}/outputs").get_json()["data"]
    return row["receipt"], row["text"]


@pytest.mark.usefixtures("worker")
def test_a_score_is_answered(api: Api, checkpoint: Checkpoint) -> None:
    """In one request; the job tells the same as long as it is kept."""
    answer = api.post(f"/checkpoints/{checkpoint.id}/score", {"text": "It was", "alternatives": 2})
    found = answer.get_json()
    assert answer.status_code == 200, answer.text
    assert [row["character"] for row in found["scores"]] == list("It was")
    assert found.keys() == {
        "checkpoint_id", "characters", "bits_per_character", "report", "scores", "next",
    }  # fmt: skip
    assert all(len(row["alternatives"]) == 2 for row in found["scores"])
    job = api.get(answer.headers["Location"]).get_json()
    assert (job["kind"], job["status"], job["priority"]) == ("score", "succeeded", 10)
    assert job["links"].keys() == {"self", "events", "result"}
    assert api.get(job["links"]["result"]).get_json() == found


@pytest.mark.usefixtures("worker")
def test_a_receipt_is_verified(
    api: Api, db: Database, settings: Settings, checkpoint: Checkpoint
) -> None:
    """With its text, without, and with one that was changed."""
    receipt, text = receipt_of(api, db, settings, checkpoint)
    for body in ({"receipt": receipt}, {"receipt": receipt, "text": text}):
        answer = api.post("/receipts/verify", body)
        assert answer.status_code == 200, answer.text
        assert answer.get_json()["same"] is True
    changed = text[:-1] + ("a" if text[-1] != "a" else "b")
    found = api.post("/receipts/verify", {"receipt": receipt, "text": changed}).get_json()
    assert found["same"] is False
    assert found["first_difference"]["character"] == len(text) - 1


@pytest.mark.usefixtures("impatient")
def test_what_takes_longer_is_a_job(
    api: Api, db: Database, settings: Settings, checkpoint: Checkpoint
) -> None:
    """202 with the job; its result is 404 until there is one."""
    answer = api.post(f"/checkpoints/{checkpoint.id}/score", {"text": "It was"})
    job = answer.get_json()
    assert (answer.status_code, job["status"]) == (202, "queued")
    assert answer.headers["Location"] == job["links"]["self"]
    detail = problem(api.get(job["links"]["result"]), 404, "not_found")["detail"]
    assert detail == f"job {job['id']} is queued and has no result"
    work(make_node(db, settings), "generate")
    assert api.get(job["links"]["result"]).get_json()["characters"] == 6


@pytest.mark.usefixtures("impatient")
def test_a_key_asks_once(
    api: Api, db: Database, settings: Settings, checkpoint: Checkpoint
) -> None:
    """The same key and body are the same job, answered or not; another body is refused."""
    path, body = f"/checkpoints/{checkpoint.id}/score", {"text": "It was"}
    first = api.post(path, body, KEY)
    assert api.post(path, body, KEY).get_json()["id"] == first.get_json()["id"]
    problem(api.post(path, {"text": "It is"}, KEY), 422, "idempotency_key_reused")
    work(make_node(db, settings), "generate")
    again = api.post(path, body, KEY)
    assert (again.status_code, again.headers["Location"]) == (200, first.headers["Location"])


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize(
    ("code", "status"), [("unknown_prompt", 422), ("internal", 500), ("worker_lost", 500)]
)
def test_a_failed_answer_is_a_problem(api: Api, db: Database, code: str, status: int) -> None:
    """With the job's code and message."""
    path, body = f"/checkpoints/{make_checkpoint(db).id}/score", {"text": "It was"}
    job = api.post(path, body, KEY).get_json()
    lease = claim_job(db, queue="generate")
    do(db, lambda s: services.fail(s, lease, code, "no such luck"))
    found = problem(api.post(path, body, KEY), status, code)
    assert found["detail"] == f"job {job['id']} gave no answer: no such luck"
    assert "no such luck" in problem(api.get(job["links"]["result"]), 404, "not_found")["detail"]


@pytest.mark.usefixtures("impatient")
def test_moves_of_an_answer(api: Api, db: Database) -> None:
    """It is paused, resumed, cancelled, retried and deleted as any other job."""
    path, body = f"/checkpoints/{make_checkpoint(db).id}/score", {"text": "It was"}
    job = api.post(path, body, KEY).get_json()["links"]["self"]
    for move, status in (("pause", "paused"), ("resume", "queued"), ("cancel", "cancelled")):
        assert api.post(f"{job}/{move}").get_json()["status"] == status
    problem(api.post(path, body, KEY), 409, "cancelled")
    assert api.post(f"{job}/retry").get_json()["status"] == "queued"
    api.post(f"{job}/cancel")
    assert api.delete(job).status_code == 204
    problem(api.get(f"{job}/result"), 404, "not_found")


def test_waiting_requests_leave_threads_free(api: Api, db: Database) -> None:
    """Where enough requests wait already, the next one gets its job at once."""
    for _ in range(waiting.MOST_WAITING):
        assert waiting._waiting.acquire(blocking=False)
    try:
        path = f"/checkpoints/{make_checkpoint(db).id}/score"
        assert api.post(path, {"text": "It was"}).status_code == 202
    finally:
        for _ in range(waiting.MOST_WAITING):
            waiting._waiting.release()


@pytest.mark.parametrize(
    ("body", "field", "accepted"),
    [
        ({"text": "a" * 10_001}, "text", "10000"),
        ({"text": ""}, "text", "1"),
        ({"text": "a\x00"}, "text", "text"),
        ({}, "text", "text"),
        ({"text": "a", "alternatives": 21}, "alternatives", "20"),
    ],
    ids=["long", "empty", "nul", "none", "alternatives"],
)
def test_what_cannot_be_scored(
    api: Api, db: Database, body: dict[str, Any], field: str, accepted: str
) -> None:
    """Is refused with the limit, and nothing is stored."""
    answer = api.post(f"/checkpoints/{make_checkpoint(db).id}/score", body)
    assert accepted in field_error(answer, field)["accepted"]
    assert ids(api.get("/jobs?kind=score")) == []


def test_no_checkpoint_no_score(api: Api, db: Database) -> None:
    """It is named."""
    problem(api.post(f"/checkpoints/{new_id()}/score", {"text": "a"}), 404, "not_found")


def test_a_receipt_whose_checkpoint_is_gone(
    api: Api, db: Database, settings: Settings, checkpoint: Checkpoint
) -> None:
    """Cannot be verified, and that is said."""
    receipt, text = receipt_of(api, db, settings, checkpoint)
    for job_id in (receipt["job_id"], checkpoint.job_id):
        do(db, partial(services.delete, job_id=job_id))
    answer = api.post("/receipts/verify", {"receipt": receipt, "text": text})
    error = field_error(answer, "receipt.checkpoint_id")
    assert "cannot be written again" in error["message"]


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"checkpoint_id": "x"}, "receipt.checkpoint_id"),
        ({"text_sha256": "AB"}, "receipt.text_sha256"),
        ({"more": 1}, "receipt.more"),
        ({"number": 2, "stream": 1}, "receipt"),
        ({"spec": {"length": 0}}, "receipt.spec.length"),
        ({"format": 2}, "receipt.format"),
    ],
    ids=["id", "hash", "unknown", "number", "spec", "format"],
)
def test_what_is_no_receipt(
    api: Api, db: Database, settings: Settings, checkpoint: Checkpoint,
    change: dict[str, Any], field: str,
) -> None:  # fmt: skip
    """Is refused with the field."""
    receipt, _ = receipt_of(api, db, settings, checkpoint)
    field_error(api.post("/receipts/verify", {"receipt": receipt | change}), field)


def test_a_text_too_long_to_be_sent(
    api: Api, db: Database, settings: Settings, checkpoint: Checkpoint
) -> None:
    """Is compared where it is stored."""
    receipt, _ = receipt_of(api, db, settings, checkpoint)
    answer = api.post("/receipts/verify", {"receipt": receipt, "text": "a" * 200_001})
    assert "200000" in field_error(answer, "text")["accepted"]


def test_a_number_may_be_written_otherwise(
    api: Api, db: Database, settings: Settings, checkpoint: Checkpoint, worker: None
) -> None:
    """1.0 as 1, as JavaScript does: it is the same receipt."""
    job = make_generation_job(db, checkpoint, temperature=1.0)
    while reload(db, job).status != "succeeded":
        pass
    (row,) = api.get(f"/jobs/{job.id}/outputs").get_json()["data"]
    receipt = row["receipt"] | {"temperature": 1}
    receipt["spec"]["temperature"] = 1
    assert api.post("/receipts/verify", {"receipt": receipt}).get_json()["same"] is True


def test_other_jobs_have_no_result(api: Api, db: Database) -> None:
    """They are told what does."""
    job = make_training_job(db)
    detail = problem(api.get(f"/jobs/{job.id}/result"), 404, "not_found")["detail"]
    assert detail == f"job {job.id} is a train job; score and verify jobs have results"


@pytest.mark.usefixtures("impatient")
def test_the_ticket_goes_to_the_queue_of_texts(
    api: Api, db: Database, tickets: FakeTickets
) -> None:
    """So that the workers that write answer as well."""
    checkpoint = make_checkpoint(db)
    tickets.sent.clear()
    api.post(f"/checkpoints/{checkpoint.id}/score", {"text": "It was"})
    assert tickets.sent == ["generate"]


@pytest.mark.usefixtures("impatient")
def test_who_asks_for_thousands_lets_others_go_first(api: Api, db: Database) -> None:
    """By a priority of their own."""
    path = f"/checkpoints/{make_checkpoint(db).id}/score"
    job = api.post(path, {"text": "It was", "priority": -1}).get_json()
    assert job["priority"] == -1
    assert job["spec"] == {"alternatives": 5}


@pytest.mark.usefixtures("impatient")
def test_the_bytes_go_with_the_job(api: Api, db: Database) -> None:
    """What was asked is kept while the job is."""
    path = f"/checkpoints/{make_checkpoint(db).id}/score"
    job = api.post(path, {"text": "It was"}).get_json()
    kept = blobs(db)
    api.post(f"/jobs/{job['id']}/cancel")
    api.delete(f"/jobs/{job['id']}")
    assert blobs(db) == kept - 1


def blobs(db: Database) -> int:
    """Return how many blobs are left when all that nothing refers to is reclaimed."""
    reclaim(db, grace_seconds=60)
    with db.read() as session:
        return session.scalars(select(func.count()).select_from(Blob)).one()
