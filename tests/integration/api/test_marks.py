"""Asking for a job again: 304 exactly as long as the answer would be the same."""

from shared.accounts.models import DEFAULT_TEAM_ID
from shared.db import Database
from shared.jobs.marks import Marks
from shared.jobs.services import cancel, pause, renew, report_progress, retry, succeed
from tests.integration.api.client import Api
from tests.support.factories import (
    claim_job,
    do,
    finish_epoch,
    make_team,
    make_training_job,
)

PROGRESS = {"epoch": 1, "epochs": 2, "step": 1, "steps": 9, "fraction": 0.1, "eta_seconds": 4.0}


def test_a_job_that_did_not_change_is_304(api: Api, db: Database) -> None:
    """Without a body, with the same mark; a renewed lease is no change."""
    lease = claim_job(db, make_training_job(db))
    first = api.get(f"/jobs/{lease.job_id}")
    assert first.headers["Retry-After"] == "2"
    do(db, lambda s: renew(s, lease, 30))
    again = api.get(f"/jobs/{lease.job_id}", {"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")
    assert again.headers["ETag"] == first.headers["ETag"]
    assert again.headers["Cache-Control"] == "private, no-cache"


def test_whatever_changes_the_answer_changes_its_mark(api: Api, db: Database) -> None:
    """Moves, progress, requests and records; each answer is the newest one, marked or not."""
    job = make_training_job(db)
    lease = claim_job(db, job)
    path = f"/jobs/{job.id}"
    seen: set[str] = set()

    def changed() -> dict[str, object]:
        answer = api.get(path, {"If-None-Match": ", ".join(seen)} if seen else {})
        assert answer.status_code == 200, "nothing told of the change"
        assert answer.data == api.get(path).data
        seen.add(answer.headers["ETag"])
        told: dict[str, object] = answer.get_json()
        return told

    assert changed()["status"] == "running"
    do(db, lambda s: report_progress(s, lease, PROGRESS))
    assert changed()["progress"] == PROGRESS
    do(db, lambda s: pause(s, job.id))
    assert changed()["requested"] == "pause"
    finish_epoch(db, lease)
    changed()
    do(db, lambda s: succeed(s, lease))
    assert changed()["status"] == "succeeded"
    assert "Retry-After" not in api.get(path).headers


def test_a_job_that_is_gone_is_not_answered_from_memory(api: Api, db: Database) -> None:
    """Also with the mark that it had."""
    job = make_training_job(db)
    do(db, lambda s: cancel(s, job.id))
    mark = api.get(f"/jobs/{job.id}").headers["ETag"]
    assert api.delete(f"/jobs/{job.id}").status_code == 204
    assert api.get(f"/jobs/{job.id}", {"If-None-Match": mark}).status_code == 404


def test_marks_are_of_the_teams_own_jobs(db: Database) -> None:
    """Another team's job has none, nor has what is no id."""
    theirs = make_training_job(db, team_id=make_team(db))
    mine = make_training_job(db)
    marks = Marks(db)
    assert marks.of(DEFAULT_TEAM_ID, mine.id)
    assert marks.of(DEFAULT_TEAM_ID, theirs.id) is None
    assert marks.of(DEFAULT_TEAM_ID, "x' or 1=1") is None


def test_a_row_that_cannot_be_read_has_no_mark(api: Api) -> None:
    """The quick way leaves it to the ordinary one."""
    db = api.client.application.extensions["charloom"].db
    marks = Marks(db)
    with db.engine.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE jobs RENAME TO gone")
    assert marks.of(DEFAULT_TEAM_ID, "01a214bb-4f62-7127-ae46-a465ee9fc6be") is None


def test_a_retried_job_has_another_mark(api: Api, db: Database) -> None:
    """Though its status was the same before."""
    job = make_training_job(db)
    mark = api.get(f"/jobs/{job.id}").headers["ETag"]
    do(db, lambda s: cancel(s, job.id))
    do(db, lambda s: retry(s, job.id))
    assert api.get(f"/jobs/{job.id}").headers["ETag"] != mark
