"""The texts of generation jobs on their pages: growing, finished, proven, in files."""

import io
import json
import re
import zipfile
from typing import Any

import pytest

from shared.accounts.models import DEFAULT_TEAM_ID
from shared.checkpoints.models import Checkpoint
from shared.db import Database
from shared.jobs.answers import keep_result
from shared.jobs.models import Job
from shared.jobs.queries import get_job, list_jobs
from shared.jobs.records import NewOutput, record_output
from shared.jobs.rows import Lease
from shared.jobs.services import claim, succeed
from tests.integration.pages.site import Page, Site
from tests.support.factories import (
    claim_job,
    do,
    make_blob,
    make_checkpoint,
    make_generation_job,
    make_scoring_job,
    make_verifying_job,
    write_text,
)
from tests.support.pseudo import untranslated
from tests.support.receipts import make_receipt

SECTION = re.compile(r'<section class="card-box printed">.*?</section>', re.DOTALL)
CARD = re.compile(
    r'<article class="writing" data-key="(\d+)" data-written="(\d+)" data-whole="(\w*)"'
)
COPYING = {"characters": 60, "longest": 50, "copied": 50, "share": 50 / 60, "found": 1,
           "stretches": [{"start": 3, "length": 50, "at": 7}]}  # fmt: skip
SCORE = {
    "bits_per_character": 2.0,
    "characters": 2,
    "report": {"replaced": {}, "left_out": []},
    "scores": [
        {"character": "<", "probability": 0.6, "rank": 1,
         "alternatives": [{"character": "<", "probability": 0.6}]},
        {"character": "t", "probability": 0.002, "rank": 9,
         "alternatives": [{"character": "n", "probability": 0.5}]},
    ],
}  # fmt: skip


@pytest.fixture
def checkpoint(db: Database) -> Checkpoint:
    """A checkpoint to write with."""
    return make_checkpoint(db)


def finish(db: Database, lease: Lease, number: int, text: str, **fields: Any) -> None:
    """Record a text of a claimed job."""
    output = NewOutput(number, 0.3, "It was", {}, len(text), 0, "length", text, **fields)
    do(db, lambda s: record_output(s, lease, output))


def signed(db: Database, checkpoint: Checkpoint) -> dict[str, Any]:
    """Record a text with its receipt, which is returned."""
    receipt = make_receipt(db, checkpoint)
    job = do(db, lambda s: get_job(s, DEFAULT_TEAM_ID, receipt["job_id"]))
    lease = claim_job(db, job)
    finish(db, lease, 1, "and then", receipt=receipt)
    do(db, lambda s: succeed(s, lease))
    return receipt


def answered(db: Database, job: Job, result: dict[str, Any]) -> str:
    """Answer a job that waits; return its page's address."""
    found = do(db, lambda s: claim(s, "generate", "node:1", 30))
    assert found is not None
    lease, stored = Lease(found.id, found.attempt), make_blob(db, json.dumps(result).encode())
    do(db, lambda s: keep_result(s, lease, stored.id))
    do(db, lambda s: succeed(s, lease))
    return f"/jobs/{job.id}"


def test_a_text_grows_in_its_place(site: Site, db: Database, checkpoint: Checkpoint) -> None:
    """Each text has its card from the beginning, those of one prompt beside each other."""
    job = make_generation_job(db, checkpoint, prompt="It was", temperature=[0.3, 1.0], count=2)
    page = site.get(f"/jobs/{job.id}")
    assert [found[0] for found in CARD.findall(page.html)] == ["1", "3", "2", "4"]
    assert "side side-2" in page.html
    lease = claim_job(db, job)
    finish(db, lease, 1, "<i>all</i>")
    write_text(db, lease, 3, "何事", "秋风\n")
    page = site.get(f"/jobs/{job.id}")
    assert CARD.findall(page.html) == [
        ("1", "10", "yes"),
        ("3", "5", ""),
        ("2", "0", ""),
        ("4", "0", ""),
    ]
    assert "何事秋风\n" in page.html
    assert "&lt;i&gt;all&lt;/i&gt;" in page.html
    seq = int(re.findall(r'data-event="(\d+)"', page.html)[0])
    stream = site.client.get(f"/jobs/{job.id}/stream?after={seq - 1}", buffered=False)
    frames = stream.iter_encoded()
    assert b"event: text" in next(frames) + next(frames)
    stream.close()


def test_of_a_long_text_the_end_is_shown(site: Site, db: Database, checkpoint: Checkpoint) -> None:
    """While it is written; and it is known how much is before."""
    job = make_generation_job(db, checkpoint, prompt="It was", length=50_000)
    lease = claim_job(db, job)
    write_text(db, lease, 1, *(str(n) * 4000 for n in range(5)))
    page = site.get(f"/jobs/{job.id}")
    assert CARD.findall(page.html) == [("1", "20000", "")]
    assert "2" * 4000 in page.html
    assert "0" * 4000 not in page.html


def test_files_and_receipts(site: Site, db: Database, checkpoint: Checkpoint) -> None:
    """A zip file with a file for each text and the receipts; one receipt by itself."""
    receipt = signed(db, checkpoint)
    job_id = receipt["job_id"]
    found = zipfile.ZipFile(io.BytesIO(site.client.get(f"/jobs/{job_id}/output.zip").data))
    assert found.testzip() is None
    assert json.loads(found.read("receipts.json")) == [receipt]
    name = found.namelist()[0]
    assert re.fullmatch(r"text-0001-temperature-[\d.]+\.txt", name)
    assert found.read(name).decode() == site.get(f"/jobs/{job_id}/output.txt").html
    answer = site.get(f"/jobs/{job_id}/outputs/1/receipt.json").answer
    assert answer.get_json() == receipt
    assert "attachment" in answer.headers["Content-Disposition"]
    assert site.get(f"/jobs/{job_id}/outputs/2/receipt.json").status == 404
    assert site.get(f"/jobs/{checkpoint.job_id}/output.zip").status == 404


def test_verify(site: Site, db: Database, checkpoint: Checkpoint, make_site: Any) -> None:
    """Without a script it leads to the job that does it; with one it is told in place."""
    job_id = signed(db, checkpoint)["job_id"]
    path = f"/jobs/{job_id}/outputs/1/verify"
    page = site.submit(path, f"/jobs/{job_id}")
    (job,) = do(db, lambda s: list_jobs(s, DEFAULT_TEAM_ID, kind="verify").data)
    assert (page.status, page.location) == (303, f"/jobs/{job.id}")
    impatient = make_site(answer_wait_seconds=0.1)
    fields = {"csrf_token": impatient.token(f"/jobs/{job_id}")}
    headers = {"Accept": "application/json"}
    told = Page(impatient.client.post(path, data=fields, headers=headers)).answer.get_json()
    assert told["told"] == "It is being written again."
    assert told["url"].startswith("/jobs/")


def test_a_score_is_coloured(site: Site, db: Database, checkpoint: Checkpoint) -> None:
    """The text in colours, and in a table for who sees none."""
    page = site.get(answered(db, make_scoring_job(db, checkpoint, "<t"), SCORE))
    assert '<span class="s0">&lt;</span><span class="s5">t</span>' in page.html
    assert "t 2 9.0 0.2% 9 n" in page.text


def test_a_job_is_done_again(site: Site, db: Database, checkpoint: Checkpoint) -> None:
    """The form has what the job had, where it is not the default; of other jobs there is none."""
    job = make_generation_job(db, checkpoint, prompt="It\nwas", temperature=[0.5, 1.0],
                              stop=["\n\n"], top_k=3)  # fmt: skip
    page = site.get(f"/generation/new?clone={job.id}")
    assert page.value("checkpoint_id") == checkpoint.id
    typed = {name: page.value(name) for name in ("prompt", "temperature", "stop", "top_k", "count")}
    assert typed == {"prompt": "It\nwas", "temperature": "0.5 1.0", "stop": r"\n\n", "top_k": "3",
                     "count": ""}  # fmt: skip
    assert site.get(f"/generation/new?clone={checkpoint.job_id}").status == 404


def test_every_text_is_in_the_catalogues(
    bracketed: Site, db: Database, checkpoint: Checkpoint
) -> None:
    """Neither the desk, nor the form, nor the texts' part of a job's page says anything else."""
    for path in ("/desk", "/generation/new", f"/desk?checkpoint={checkpoint.id}"):
        assert untranslated(bracketed.get(path).html) == [], path
    receipt = signed(db, checkpoint)
    job = make_generation_job(db, checkpoint, temperature=[0.3, 1.0], prompt="It was")
    scored = answered(db, make_scoring_job(db, checkpoint, "<t"), SCORE)
    lease = claim_job(db, job)
    finish(db, lease, 1, "abc" + "d" * 57, copying=COPYING)
    verdict: dict[str, Any] = {"same": False, "first_difference": None, "problems": []}
    proof = answered(db, make_verifying_job(db, receipt), verdict)
    for path in (f"/jobs/{receipt['job_id']}", f"/jobs/{job.id}", scored, proof):
        (section,) = SECTION.findall(bracketed.get(path).html)
        assert untranslated(section) == [], path
