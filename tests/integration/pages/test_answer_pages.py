"""Pages of jobs that answer: what came of them, and lists that leave them out."""

import json
import re
from typing import Any

import pytest

from shared.checkpoints.models import Checkpoint
from shared.db import Database
from shared.jobs.answers import keep_result
from shared.jobs.models import Job
from shared.jobs.rows import Lease
from shared.jobs.services import claim, fail, succeed
from tests.integration.pages.site import Site
from tests.support.factories import do, make_blob, make_checkpoint, make_scoring_job
from tests.support.factories import make_verifying_job as make_verification
from tests.support.receipts import make_receipt

NASTY = "<script>alert('x')</script>"
SCORE = {"bits_per_character": 2.5, "characters": 6}
PART = {"character": 1234, "expected": NASTY, "received": "何事"}
PROBLEM = {"code": "receipt_differs", "field": "spec", "message": NASTY}
DIFFERENT = {"same": False, "first_difference": PART, "problems": [PROBLEM]}
SAME: dict[str, Any] = {"same": True, "first_difference": None, "problems": []}


@pytest.fixture
def checkpoint(db: Database) -> Checkpoint:
    """A checkpoint."""
    return make_checkpoint(db)


def claimed(db: Database, job: Job) -> Lease:
    """Claim what waits on the queue of texts until the job is claimed."""
    while found := do(db, lambda s: claim(s, "generate", "node:1", 30)):
        if found.id == job.id:
            return Lease(found.id, found.attempt)
    raise AssertionError("the job does not wait")


def answered(db: Database, job: Job, result: dict[str, Any]) -> str:
    """End a job with a result; return its page's address."""
    lease, stored = claimed(db, job), make_blob(db, json.dumps(result).encode())
    do(db, lambda s: keep_result(s, lease, stored.id))
    do(db, lambda s: succeed(s, lease))
    return f"/jobs/{job.id}"


def test_a_score(site: Site, db: Database, checkpoint: Checkpoint) -> None:
    """Waiting and given: bits a character, what it was asked of."""
    job = make_scoring_job(db, checkpoint, "It was", alternatives=7)
    waiting = site.get(f"/jobs/{job.id}")
    assert "There is none yet." in waiting.text
    assert "data-reload" in waiting.html, "the page shows the answer once there is one"
    page = site.get(answered(db, job, SCORE))
    assert "data-reload" not in page.html
    assert "2.500 bits a character, over 6 characters" in page.text
    assert "Alternatives 7" in page.text


def test_a_score_of_nothing_known(site: Site, db: Database, checkpoint: Checkpoint) -> None:
    """Has no figure."""
    job = make_scoring_job(db, checkpoint)
    page = site.get(answered(db, job, SCORE | {"bits_per_character": None}))
    assert "– bits a character" in page.text


def test_a_verification(site: Site, db: Database, checkpoint: Checkpoint) -> None:
    """Says whether it is the same text, and else where it parts and why, escaped."""
    receipt = make_receipt(db, checkpoint)
    page = site.get(answered(db, make_verification(db, receipt), SAME))
    assert "The same text was written again." in page.text
    page = site.get(answered(db, make_verification(db, receipt), DIFFERENT))
    assert "It is not as the receipt says." in page.text
    assert "The texts part at character 1,234." in page.text
    assert "何事" in page.text
    assert "<script>alert" not in page.html
    assert not re.search(r"<script(?![^>]* (?:src=|type=\"application/json\"))| style=", page.html)


def test_a_failed_answer(site: Site, db: Database, checkpoint: Checkpoint) -> None:
    """Shows the error as any job does."""
    job = make_scoring_job(db, checkpoint)
    lease = claimed(db, job)
    do(db, lambda s: fail(s, lease, "internal", "no such luck"))
    assert "No such luck" in site.get(f"/jobs/{job.id}").text


def test_an_answer_stays_up_to_date_and_goes(
    site: Site, db: Database, checkpoint: Checkpoint
) -> None:
    """Its open page asks for what is new; it is deleted as any job is."""
    job = make_scoring_job(db, checkpoint)
    path = f"/jobs/{job.id}"
    assert site.get(f"{path}/live.json").answer.get_json()["state"]["status"] == "queued"
    assert site.get(f"{path}/output.txt").status == 404
    answered(db, job, SCORE)
    assert site.get(f"{path}/delete").status == 200
    assert site.submit(f"{path}/delete").status == 303
    assert site.get(path).status == 404


def test_lists_leave_answers_out(site: Site, db: Database, checkpoint: Checkpoint) -> None:
    """There are many: only who asks for their kind sees them."""
    waiting = make_scoring_job(db, checkpoint)
    ended = answered(db, make_verification(db, make_receipt(db, checkpoint)), SAME)
    for path in ("/", "/jobs", "/jobs?status=queued"):
        html = site.get(path).html
        assert waiting.id not in html, path
        assert ended not in html, path
    assert waiting.id in site.get("/jobs?kind=score").html
    assert ended in site.get("/jobs?kind=verify").html
