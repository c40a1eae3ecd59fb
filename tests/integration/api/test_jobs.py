"""Jobs: show, list, move."""

import pytest

from shared.db import Database
from shared.jobs.services import cancel, fail
from tests.integration.api.client import Api, field_error, ids, problem
from tests.support.factories import (
    claim_job,
    make_corpus,
    make_generation_job,
    make_standing_job,
    make_team,
    make_training_job,
    reload,
)

NOWHERE = "01890000-0000-7000-8000-000000000000"
PATHS = [
    *("", "/events", "/epochs", "/checkpoints", "/samples", "/outputs"),
    *("/output.txt", "/output.jsonl", "/output.zip", "/samples.txt", "/samples.jsonl"),
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
        (generation, {"output_txt", "output_jsonl", "output_zip"}),
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


# Where a job stands that refuses a move, and what the move accepts instead.
REFUSED = [
    ("cancel", "failed", "queued, paused, running"),
    ("pause", "paused", "queued, running"),
    ("resume", "queued", "paused"),
    ("retry", "running", "failed, cancelled"),
    ("delete", "queued", "succeeded, failed, cancelled"),
    ("delete", "running", "succeeded, failed, cancelled"),
    ("delete", "paused", "succeeded, failed, cancelled"),
    *((move, "succeeded", "") for move in ("cancel", "pause", "resume", "retry")),
]


@pytest.mark.parametrize(("move", "status", "accepted"), REFUSED)
def test_a_refused_move(api: Api, db: Database, move: str, status: str, accepted: str) -> None:
    """409 naming the job's status and what the move accepts; nothing happened."""
    job = make_standing_job(db, status)
    path = f"/jobs/{job.id}"
    answer = api.delete(path) if move == "delete" else api.post(f"{path}/{move}")
    detail = problem(answer, 409, "move_refused")["detail"]
    assert detail.startswith(f"cannot {move} a job that is {status}; {move} accepts: {accepted}")
    assert reload(db, job).event_seq == job.event_seq


@pytest.mark.parametrize("status", ["succeeded", "failed", "cancelled"])
def test_an_ended_job_can_be_deleted(api: Api, db: Database, status: str) -> None:
    """204, and neither it nor what it left is there."""
    job = make_standing_job(db, status)
    answer = api.delete(f"/jobs/{job.id}")
    assert (answer.status_code, answer.data) == (204, b"")
    for path in PATHS:
        problem(api.get(f"/jobs/{job.id}{path}"), 404, "not_found")
    problem(api.delete(f"/jobs/{job.id}"), 404, "not_found")
    assert ids(api.get("/jobs")) == []


def test_a_job_whose_checkpoint_works_cannot_be_deleted(api: Api, db: Database) -> None:
    """409 naming the job that works with it; when that one is gone, it can."""
    trained = make_standing_job(db, "succeeded")
    (checkpoint,) = ids(api.get(f"/jobs/{trained.id}/checkpoints"))
    body = {"checkpoint_id": checkpoint, "name": "the poet"}
    written = api.post("/generation-jobs", body).get_json()["id"]
    detail = problem(api.delete(f"/jobs/{trained.id}"), 409, "in_use")["detail"]
    assert "'the poet'" in detail
    assert api.get(f"/checkpoints/{checkpoint}").status_code == 200
    api.post(f"/jobs/{written}/cancel")
    assert api.delete(f"/jobs/{written}").status_code == 204
    assert api.delete(f"/jobs/{trained.id}").status_code == 204


def test_another_teams_job_cannot_be_deleted(api: Api, db: Database) -> None:
    """404 for a stranger's job and for none."""
    job = make_training_job(db, team_id=make_team(db))
    with db.write() as session:
        cancel(session, job.id)
    for job_id in (job.id, NOWHERE, "nothing"):
        problem(api.delete(f"/jobs/{job_id}"), 404, "not_found")
    assert reload(db, job).status == "cancelled"


def test_a_corpus_can_be_deleted_after_its_jobs(api: Api, db: Database) -> None:
    """What kept it is gone."""
    corpus = make_corpus(db)
    job = make_training_job(db, corpus)
    api.post(f"/jobs/{job.id}/cancel")
    problem(api.delete(f"/corpora/{corpus.id}"), 409, "in_use")
    assert api.delete(f"/jobs/{job.id}").status_code == 204
    assert api.delete(f"/corpora/{corpus.id}").status_code == 204
