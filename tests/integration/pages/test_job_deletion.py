"""Deleting a job: the page asks first, says what goes, and says why not."""

import re

import pytest

from shared.db import Database
from shared.jobs.models import Job
from shared.jobs.records import NewOutput, record_output
from shared.jobs.rows import Lease
from shared.jobs.services import succeed
from tests.integration.pages.site import Page, Site
from tests.support.factories import (
    claim_job,
    finish_epoch,
    make_checkpoint,
    make_generation_job,
    make_standing_job,
    make_team,
    make_training_job,
    reload,
)

ENDED = ("succeeded", "failed", "cancelled")
OTHERS = ("queued", "running", "paused")


def delete(site: Site, job: Job) -> Page:
    """Send the form that deletes a job."""
    return site.submit(f"/jobs/{job.id}/delete", "/corpora/new")


@pytest.mark.parametrize("status", [*ENDED, *OTHERS])
def test_only_an_ended_job_offers_it(site: Site, db: Database, status: str) -> None:
    """Any other job's page hides the way, and its confirmation leads back."""
    job = make_standing_job(db, status)
    hidden = f'href="/jobs/{job.id}/delete" data-move="delete" hidden'
    assert (hidden not in site.get(f"/jobs/{job.id}").html) == (status in ENDED)
    asked = site.get(f"/jobs/{job.id}/delete")
    assert asked.status == (200 if status in ENDED else 303)


def test_it_says_what_goes(site: Site, db: Database) -> None:
    """The counts of what there is, and that it cannot be undone; looking deletes nothing."""
    job = make_training_job(db, name="Prose", epochs=3, keep_checkpoints=1)
    lease = claim_job(db, job)
    for epoch in (1, 2, 3):
        finish_epoch(db, lease, epoch, val_loss=float(epoch), sample="x" if epoch > 1 else None)
    with db.write() as session:
        succeed(session, lease)
    text = site.get(f"/jobs/{job.id}/delete").text
    assert re.search(r"Prose , submitted .* is deleted for good", text)
    for words in ("3 epochs", "2 samples", "2 checkpoints", "cannot be undone"):
        assert words in text
    assert not re.search(r"\d texts?", text)
    assert reload(db, job).status == "succeeded"


def test_texts_go_too(site: Site, db: Database) -> None:
    """A generation job's texts are counted."""
    lease = claim_job(db, make_generation_job(db))
    with db.write() as session:
        record_output(session, lease, NewOutput(1, 0.6, "", {}, 3, 0, "length", "abc"))
        succeed(session, lease)
    text = site.get(f"/jobs/{lease.job_id}/delete").text
    assert "1 text " in text
    assert not re.search(r"\d epochs?", text)


@pytest.mark.parametrize("status", ENDED)
def test_deletion(site: Site, db: Database, status: str) -> None:
    """It leads to the list, which says so, and the job's page is gone."""
    job = make_standing_job(db, status)
    page = site.submit(f"/jobs/{job.id}/delete")
    assert (page.status, page.location) == (303, "/jobs")
    listed = site.get("/jobs")
    assert f"{job.name} is deleted." in listed.text
    assert job.id not in listed.html
    assert site.get(f"/jobs/{job.id}").status == 404
    assert site.get(f"/jobs/{job.id}/live.json").status == 404
    assert delete(site, job).status == 404


@pytest.mark.parametrize("status", OTHERS)
def test_deletion_refused(site: Site, db: Database, status: str) -> None:
    """409 on the job's own page: how it stands, and what it would have to be."""
    job = make_standing_job(db, status)
    page = delete(site, job)
    assert page.status == 409
    assert (
        f"It was not deleted: cannot delete a job that is {status}; "
        "delete accepts: succeeded, failed, cancelled." in page.text
    )
    assert reload(db, job).status == status


def test_a_job_that_is_still_needed(site: Site, db: Database) -> None:
    """409 on the job's own page, naming the one that works with its checkpoint."""
    checkpoint = make_checkpoint(db)
    job = reload(db, Lease(checkpoint.job_id, 1))
    with db.write() as session:
        succeed(session, Lease(job.id, 1))
    make_generation_job(db, checkpoint, name="the <poet>")
    page = delete(site, job)
    assert page.status == 409
    assert "It was not deleted: jobs work with checkpoints of this one" in page.text
    assert "'the <poet>'" in page.text
    assert site.get(f"/checkpoints/{checkpoint.id}/model.keras").status == 200


def test_what_is_not_there_cannot_be_deleted(site: Site, db: Database) -> None:
    """404 for a stranger's job and for none; 400 without the form's token."""
    job = make_standing_job(db, "succeeded")
    strangers = make_training_job(db, team_id=make_team(db))
    for job_id in (strangers.id, "01890000-0000-7000-8000-000000000000", "x"):
        assert site.get(f"/jobs/{job_id}/delete").status == 404
        assert site.submit(f"/jobs/{job_id}/delete", "/corpora/new").status == 404
    assert site.client.post(f"/jobs/{job.id}/delete").status_code == 400
    assert reload(db, job).status == "succeeded"
