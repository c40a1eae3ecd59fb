"""Limits as the API tells them and refuses by them."""

from sqlalchemy import func, select, update

from shared.accounts.models import Team
from shared.corpora.models import Corpus
from shared.db import Database, now
from shared.ids import new_id
from shared.jobs.services import pause
from shared.workers.services import Process, see
from tests.integration.api.client import field_error, problem
from tests.integration.api.conftest import MakeApi
from tests.support.factories import (
    TEXT,
    do,
    make_checkpoint,
    make_corpus,
    make_training_job,
)


def test_limits_are_told(make_api: MakeApi, db: Database) -> None:
    """The installation's, and a team's own over them."""
    make_corpus(db)
    do(db, lambda s: s.execute(update(Team).values(most_corpora=3)))
    answer = make_api(team_queued_jobs=9).get("/limits").get_json()
    rows = {row.pop("name"): row for row in answer["data"]}
    assert answer["has_more"] is False
    assert rows["corpora"] == {"limit": 3, "used": 1, "own": True}
    assert rows["queued_jobs"] == {"limit": 9, "used": 0, "own": False}
    assert rows["output_characters"]["used"] is None


def test_submissions_over_a_limit_are_refused(make_api: MakeApi, db: Database) -> None:
    """Every kind of job, and moves that would let one wait: 409, and the job is as it was."""
    corpus, checkpoint = make_corpus(db), make_checkpoint(db)
    job = make_training_job(db, corpus)
    do(db, lambda s: pause(s, job.id))
    api = make_api(team_queued_jobs=0)
    for path, body in (
        ("/training-jobs", {"corpus_id": corpus.id, "preset": "tiny"}),
        ("/generation-jobs", {"checkpoint_id": checkpoint.id, "length": 9}),
        (f"/checkpoints/{checkpoint.id}/score", {"text": "It was"}),
        (f"/jobs/{job.id}/resume", None),
    ):
        refused = problem(api.post(path, body), 409, "quota_exceeded")
        assert "queued_jobs" in refused["detail"], path
    assert api.get(f"/jobs/{job.id}").get_json()["status"] == "paused"
    assert len(api.get("/jobs").get_json()["data"]) == 2


def test_a_key_sent_again_takes_no_place(make_api: MakeApi, db: Database) -> None:
    """The job that it made is told, however many wait."""
    api, key = make_api(team_queued_jobs=1), {"Idempotency-Key": "mine"}
    body = {"corpus_id": make_corpus(db).id, "preset": "tiny"}
    first = api.post("/training-jobs", body, key).get_json()["id"]
    assert api.post("/training-jobs", body, key).get_json()["id"] == first
    problem(api.post("/training-jobs", body), 409, "quota_exceeded")


def test_texts_over_a_limit_are_refused(make_api: MakeApi, db: Database) -> None:
    """Nothing is stored of them; where not a byte has room, before they are read."""
    corpus = make_corpus(db)
    for limit in ({"team_corpora": 1}, {"team_corpus_bytes": len(TEXT)}):
        api = make_api(**limit)
        problem(api.post("/corpora", {"name": "b", "text": TEXT}), 409, "quota_exceeded")
        problem(api.upload("/corpora", TEXT.encode(), name="b"), 409, "quota_exceeded")
    answer = api.post(f"/corpora/{corpus.id}/versions", {"text": TEXT + "more"})
    problem(answer, 409, "quota_exceeded")
    api = make_api(team_corpus_bytes=len(TEXT) + 9)
    problem(api.post("/corpora", {"name": "b", "text": TEXT}), 409, "quota_exceeded")
    with db.read() as session:
        assert session.scalar(select(func.count()).select_from(Corpus)) == 1


def test_too_much_to_write_is_refused(make_api: MakeApi, db: Database) -> None:
    """Naming the field and the arithmetic."""
    api = make_api(job_output_characters=1000)
    body = {"checkpoint_id": make_checkpoint(db).id, "length": 400, "count": 3}
    wrong = field_error(api.post("/generation-jobs", body), "length")
    assert "3 texts of 400 characters are 1,200" in wrong["message"]
    assert wrong["accepted"].startswith("at most 333 ")


def test_a_model_that_no_worker_holds_is_refused(make_api: MakeApi, db: Database) -> None:
    """With the arithmetic; nothing waits for ever."""
    process = Process(new_id(), "n:1", ["train"], "cpu", now(), memory=10**9)
    do(db, lambda s: see(s, process))
    body = {"corpus_id": make_corpus(db).id, "preset": "tiny", "units": 2048, "layers": 2}
    refused = problem(make_api().post("/training-jobs", body), 422, "model_too_large")
    assert "of weights" in refused["detail"]
    assert refused["detail"].endswith("the largest worker has 1.0 GB")
