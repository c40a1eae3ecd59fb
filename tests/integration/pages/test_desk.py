"""The writing desk: its page, the jobs it makes, and where they are not seen."""

import json
import re
from datetime import timedelta
from threading import Thread
from typing import Any

import pytest

from shared.accounts.models import DEFAULT_TEAM_ID
from shared.checkpoints.models import Checkpoint
from shared.db import Database
from shared.jobs.answers import keep_result
from shared.jobs.models import Job
from shared.jobs.queries import list_jobs
from shared.jobs.records import NewOutput, record_output
from shared.jobs.rows import Lease
from shared.jobs.services import claim, delete, succeed
from shared.models.services import ensure_model, promote
from tests.integration.pages.site import Page, Site
from tests.support.factories import (
    claim_job,
    do,
    make_blob,
    make_checkpoint,
    make_generation_job,
    reload,
)

SCORE = {
    "bits_per_character": 2.0,
    "characters": 3,
    "report": {"replaced": {"é": "e"}, "left_out": ["☃"]},
    "scores": [
        {"character": "I", "probability": 0.6, "rank": 1,
         "alternatives": [{"character": "I", "probability": 0.6}]},
        {"character": "t", "probability": 0.002, "rank": 9,
         "alternatives": [{"character": "n", "probability": 0.5}]},
        {"character": "☃", "probability": None, "rank": None, "alternatives": []},
    ],
    "next": [{"character": " ", "probability": 0.75}],
}  # fmt: skip


@pytest.fixture
def checkpoint(db: Database) -> Checkpoint:
    """A checkpoint to write with."""
    return make_checkpoint(db)


def send(site: Site, path: str, body: dict[str, Any]) -> Page:
    """Send JSON as the desk's script does."""
    headers = {"X-CSRFToken": site.token("/desk")}
    return Page(site.client.post(path, json=body, headers=headers))


def written(db: Database) -> list[Job]:
    """Return the generation jobs, newest first."""
    return do(db, lambda s: list_jobs(s, DEFAULT_TEAM_ID, kind="generate").data)


def test_nobody_writes_yet(site: Site) -> None:
    """Without a model the page says what to do first."""
    page = site.get("/desk")
    assert page.status == 200
    assert "/training/new" in page.html
    assert "<textarea" not in page.html


def test_who_writes(site: Site, db: Database, checkpoint: Checkpoint) -> None:
    """The best of the newest run, whom the address names, or a named model's, each listed once."""
    other = make_checkpoint(db)
    page = site.get("/desk")
    assert page.value("checkpoint_id") == other.id
    # What a narrow field cuts off is not the epoch.
    assert re.search(rf'value="{other.id}" selected[^>]*>epoch \d+ · ', page.html)
    assert site.get(f"/desk?checkpoint={checkpoint.id}").value("checkpoint_id") == checkpoint.id
    do(db, lambda s: promote(s, ensure_model(s, DEFAULT_TEAM_ID, "bard"), checkpoint, "by hand"))
    page = site.get("/desk?model=bard")
    assert page.value("checkpoint_id") == checkpoint.id
    assert page.html.count(f'value="{checkpoint.id}"') == 1


def test_a_text_is_brought_along(site: Site, db: Database, checkpoint: Checkpoint) -> None:
    """An output goes on at the desk: its prompt and itself."""
    job = make_generation_job(db, checkpoint, prompt="It was")
    lease = claim_job(db, job)
    do(db, lambda s: record_output(
        s, lease, NewOutput(1, 0.6, "It was", {}, 9, 0, "length", " the <b>")))  # fmt: skip
    page = site.get(f"/desk?job={job.id}&number=1")
    assert page.value("prompt") == "It was the <b>"
    assert site.get(f"/desk?job={job.id}&number=2").status == 404


def test_it_writes(site: Site, db: Database, checkpoint: Checkpoint) -> None:
    """A job before others that the lists do not show, and where it is heard and stopped."""
    body = {"checkpoint_id": checkpoint.id, "prompt": "It was", "length": 20, "top_k": None}
    answer = send(site, "/desk/texts", body)
    (job,) = written(db)
    assert answer.status == 202
    assert answer.answer.get_json() == {
        "stream": f"/jobs/{job.id}/stream", "live": f"/jobs/{job.id}/live.json",
        "stop": f"/jobs/{job.id}/cancel",
    }  # fmt: skip
    assert (job.name, job.priority, job.spec["prompt"]) == ("Writing desk", 10, "It was")
    for path in ("/", "/jobs", "/jobs?status=queued"):
        assert job.id not in site.get(path).html, path
    assert job.id in site.get("/jobs?kind=generate").html
    assert site.get(f"/jobs/{job.id}").status == 200
    assert job.id not in site.get("/news.json").answer.get_json()["active"]
    do(db, lambda s: succeed(s, claimed(s, job)))
    assert site.get(f"/news.json?watched={job.id}").answer.get_json()["ended"] == []


def test_nothing_written_yet_begins_a_line(
    site: Site, db: Database, checkpoint: Checkpoint
) -> None:
    """With an empty text the model does not go on from what nobody sees."""
    send(site, "/desk/texts", {"checkpoint_id": checkpoint.id, "prompt": None})
    expected = "\n" if "\n" in checkpoint.vocabulary else None
    assert written(db)[0].spec["prompt"] == expected


def test_what_the_desk_wrote_goes(site: Site, db: Database, checkpoint: Checkpoint) -> None:
    """It is no hindrance when the model is deleted, and it is forgotten after an hour."""
    body = {"checkpoint_id": checkpoint.id, "prompt": "It was"}
    send(site, "/desk/texts", body)
    old = written(db)[0]
    do(db, lambda s: succeed(s, claimed(s, old)))
    do(db, lambda s: _age(s, old.id))
    send(site, "/desk/texts", body)
    (job,) = written(db)
    assert job.id != old.id
    do(db, lambda s: succeed(s, claimed(s, job)))
    trained = reload(db, Lease(checkpoint.job_id, 1))
    do(db, lambda s: succeed(s, Lease(trained.id, trained.attempt)))
    do(db, lambda s: delete(s, trained.id))
    assert written(db) == []


def claimed(session: Any, job: Job) -> Lease:
    """Claim the job that waits on the queue of texts."""
    found = claim(session, "generate", "node:1", 30)
    assert found is not None
    assert found.id == job.id
    return Lease(found.id, found.attempt)


def _age(session: Any, job_id: str) -> None:
    job = session.get_one(Job, job_id)
    job.finished_at -= timedelta(hours=2)


@pytest.mark.parametrize(
    ("change", "status", "code", "words"),
    [
        ({"prompt": "☃☃"}, 422, "unknown_prompt", "knows none"),
        ({"temperature": "hot"}, 422, "invalid_fields", "Temperature"),
        ({"length": 0}, 422, "invalid_fields", "Length"),
        ({"length": 10_001}, 422, "invalid_fields", "at most 10000 characters"),
        ({"checkpoint_id": "01890000-0000-7000-8000-000000000000"}, 404, "gone", ""),
    ],
)
def test_a_refusal_is_told(
    site: Site, db: Database, checkpoint: Checkpoint,
    change: dict[str, Any], status: int, code: str, words: str,
) -> None:  # fmt: skip
    """In a sentence, with a code that the script goes by; nothing is queued."""
    answer = send(site, "/desk/texts", {"checkpoint_id": checkpoint.id, "prompt": "It"} | change)
    told = answer.answer.get_json()
    assert (answer.status, told["code"]) == (status, code)
    assert words in told["message"]
    assert written(db) == []


def test_without_a_token(site: Site, checkpoint: Checkpoint) -> None:
    """Another site's script gets nothing done."""
    body = {"checkpoint_id": checkpoint.id, "text": "It", "alternatives": 3}
    assert site.client.post("/desk/scores", json=body).status_code == 400
    assert site.client.post("/desk/texts", json=body).status_code == 400


def answer_scoring(db: Database) -> None:
    """Be the worker: claim the next scoring and answer it."""
    found = None
    while found is None:
        found = do(db, lambda s: claim(s, "generate", "node:1", 30))
    lease, stored = Lease(found.id, found.attempt), make_blob(db, json.dumps(SCORE).encode())
    do(db, lambda s: keep_result(s, lease, stored.id))
    do(db, lambda s: succeed(s, lease))


def test_scores(site: Site, db: Database, checkpoint: Checkpoint) -> None:
    """What may come next, what each character was like, and what was read as what; no job stays."""
    worker = Thread(target=answer_scoring, args=(db,))
    worker.start()
    body = {"checkpoint_id": checkpoint.id, "text": "It☃", "alternatives": 1}
    answer = send(site, "/desk/scores", body)
    worker.join()
    told = answer.answer.get_json()
    assert told["next"] == [{"character": " ", "probability": 0.75}]
    assert told["levels"] == ["0", "5", "x"]
    assert told["likelier"] == [["I"], ["n"], []]
    assert "é → e" in told["note"]
    assert do(db, lambda s: list_jobs(s, DEFAULT_TEAM_ID, kind="score").data) == []


def test_no_worker_is_free(make_site: Any, db: Database, checkpoint: Checkpoint) -> None:
    """Then it says so, and the job does not wait for a worker that nobody waits for."""
    site = make_site(answer_wait_seconds=0.1)
    body = {"checkpoint_id": checkpoint.id, "text": "It", "alternatives": 1}
    answer = send(site, "/desk/scores", body)
    assert (answer.status, answer.answer.get_json()["code"]) == (200, "busy")
    (job,) = do(db, lambda s: list_jobs(s, DEFAULT_TEAM_ID, kind="score").data)
    assert job.status == "cancelled"


def test_without_a_script(site: Site, db: Database, checkpoint: Checkpoint) -> None:
    """The form makes an ordinary job, and says beside a field what is wrong with it."""
    fields = {"checkpoint_id": checkpoint.id, "prompt": "It was", "length": "30",
              "temperature": "0.5", "top_k": "", "top_p": "", "name": "Writing desk"}  # fmt: skip
    page = site.submit("/desk", **fields)
    (job,) = written(db)
    assert (page.status, page.location) == (303, f"/jobs/{job.id}")
    assert job.id in site.get("/jobs").html
    refused = site.submit("/desk", **(fields | {"top_p": "2"}))
    assert refused.status == 422
    assert refused.errors() == {"top_p"}
    assert refused.value("prompt") == "It was"


@pytest.mark.parametrize("path", ["/desk/texts", "/desk/scores"])
def test_a_body_larger_than_any_text_is_not_read(site: Site, path: str) -> None:
    """What is asked of the desk is small, however large an upload may be."""
    headers = {"X-CSRFToken": site.token("/desk"), "Content-Type": "application/json"}
    answer = site.client.post(path, data=b" " * (2**21 + 1), headers=headers)
    assert answer.status_code == 413
