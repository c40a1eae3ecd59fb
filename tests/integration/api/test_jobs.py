"""Jobs: show, list, move."""

import pytest

from shared.db import Database
from shared.jobs.services import fail, succeed
from tests.integration.api.client import Api, field_error, ids, problem
from tests.support.factories import (
    claim_job,
    finish_epoch,
    make_generation_job,
    make_team,
    make_training_job,
)

NOWHERE = "01890000-0000-7000-8000-000000000000"
PATHS = [
    *("", "/events", "/epochs", "/checkpoints", "/samples", "/outputs"),
    *("/output.txt", "/output.jsonl", "/samples.txt", "/samples.jsonl"),
]


@pytest.mark.parametrize("job_id", [NOWHERE, "nothing", NOWHERE.replace("-", ""), "%00"])
def test_an_unknown_job(api: Api, job_id: str) -> None:
    """An unknown or malformed id in the path is a 404."""
    for path in PATHS:
        problem(api.get(f"/jobs/{job_id}{path}"), 404, "not_found")


def test_another_teams_job(api: Api, db: Database) -> None:
    """A stranger's job is not there."""
    job = make_training_job(db, team_id=make_team(db))
    for path in PATHS:
        problem(api.get(f"/jobs/{job.id}{path}"), 404, "not_found")
    assert ids(api.get("/jobs")) == []


def test_a_failed_job_says_why(api: Api, db: Database) -> None:
    """The error has a code for programs and a message for people."""
    lease = claim_job(db, make_training_job(db))
    with db.write() as session:
        fail(session, lease, "diverged", "epoch 2, step 7")
    job = api.get(f"/jobs/{lease.job_id}").get_json()
    assert job["error"] == {"code": "diverged", "message": "epoch 2, step 7"}
    assert (job["status"], job["finished_at"][-1]) == ("failed", "Z")


def test_links_lead_somewhere(api: Api, db: Database) -> None:
    """Every link of both kinds of job answers."""
    generation, training = make_generation_job(db), make_training_job(db)
    for job, downloads in (
        (training, {"samples_txt", "samples_jsonl"}),
        (generation, {"output_txt", "output_jsonl"}),
    ):
        links = api.get(f"/jobs/{job.id}").get_json()["links"]
        assert downloads <= links.keys()
        assert {api.get(link).status_code for link in links.values()} == {200}
        assert links["self"] == f"/api/v1/jobs/{job.id}"


def test_an_unchanged_job_is_not_sent_again(api: Api, db: Database) -> None:
    """If-None-Match with the last ETag is a 304 until something happens."""
    job = make_training_job(db)
    tag = {"If-None-Match": api.get(f"/jobs/{job.id}").headers["ETag"]}
    again = api.get(f"/jobs/{job.id}", tag)
    assert (again.status_code, again.data) == (304, b"")
    claim_job(db, job)
    assert api.get(f"/jobs/{job.id}", tag).get_json()["status"] == "running"


def test_jobs_are_listed_newest_first(api: Api, db: Database) -> None:
    """Pages follow each other without a gap."""
    made = [make_training_job(db).id for _ in range(3)][::-1]
    first = api.get("/jobs?limit=2")
    assert (ids(first), first.get_json()["has_more"]) == (made[:2], True)
    second = api.get(f"/jobs?limit=2&after={made[1]}")
    assert (ids(second), second.get_json()["has_more"]) == (made[2:], False)


def test_jobs_are_filtered(api: Api, db: Database) -> None:
    """By kind, by status, by both."""
    generation = make_generation_job(db)
    (trained,) = ids(api.get("/jobs?kind=train"))
    assert ids(api.get("/jobs?kind=generate")) == [generation.id]
    assert ids(api.get("/jobs?status=running")) == [trained]
    assert ids(api.get("/jobs?kind=generate&status=running")) == []


BAD_QUERIES = [
    *(("limit=0", "limit"), ("limit=1001", "limit"), ("limit=ten", "limit")),
    *(("limit=1_0", "limit"), ("limit=", "limit"), ("limit=%201", "limit")),
    *(("limit=1&limit=2", "limit"), ("limit=" + "9" * 30, "limit"), ("limit=1.0", "limit")),
    *(("after=nothing", "after"), ("kind=dance", "kind"), ("status=done", "status")),
    ("colour=red", "colour"),
]


def test_a_bad_query(api: Api) -> None:
    """Queries are as strict as bodies."""
    for query, field in BAD_QUERIES:
        field_error(api.get(f"/jobs?{query}"), field)


@pytest.mark.parametrize("move", ["cancel", "pause", "resume", "retry"])
def test_a_move_of_an_unknown_job(api: Api, db: Database, move: str) -> None:
    """404, also where the job is a stranger's."""
    strangers = make_training_job(db, team_id=make_team(db))
    problem(api.post(f"/jobs/{NOWHERE}/{move}"), 404, "not_found")
    problem(api.post(f"/jobs/{strangers.id}/{move}"), 404, "not_found")


def test_a_waiting_job_moves_at_once(api: Api, db: Database) -> None:
    """Pause, resume, cancel and retry lead around and back to the queue."""
    job = make_training_job(db)
    moves = [
        ("pause", "paused"),
        ("resume", "queued"),
        ("cancel", "cancelled"),
        ("retry", "queued"),
    ]
    for move, status in moves:
        answer = api.post(f"/jobs/{job.id}/{move}")
        assert (answer.status_code, answer.get_json()["status"]) == (200, status)
    types = [event["type"] for event in api.get(f"/jobs/{job.id}/events").get_json()["data"]]
    assert types == ["queued", "paused", "queued", "cancelled", "queued"]


@pytest.mark.parametrize("move", ["cancel", "pause"])
def test_a_running_job_is_asked(api: Api, db: Database, move: str) -> None:
    """It runs on until its worker has stopped; meanwhile the job shows what was asked."""
    lease = claim_job(db, make_training_job(db))
    job = api.post(f"/jobs/{lease.job_id}/{move}").get_json()
    assert (job["status"], job["requested"]) == ("running", move)


@pytest.mark.parametrize("move", ["cancel", "pause", "resume", "retry"])
def test_a_refused_move(api: Api, db: Database, move: str) -> None:
    """409 naming the job's status and what the move accepts."""
    lease = claim_job(db, make_training_job(db))
    finish_epoch(db, lease)
    with db.write() as session:
        succeed(session, lease)
    detail = problem(api.post(f"/jobs/{lease.job_id}/{move}"), 409, "move_refused")["detail"]
    assert "succeeded" in detail
    assert f"{move} accepts:" in detail
