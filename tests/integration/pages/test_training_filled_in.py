"""What the address fills into the training form, and what the run will take beside it."""

from typing import Any

import pytest

from shared.accounts.models import DEFAULT_TEAM_ID
from shared.corpora.services import add_version
from shared.db import Database
from shared.ids import new_id
from shared.jobs.queries import get_job
from shared.jobs.services import fail
from shared.notices.services import add_receiver
from shared.specs import TrainingSpec
from tests.integration.pages.site import Page, Site
from tests.support.factories import (
    claim_job,
    do,
    finish_epoch,
    make_checkpoint,
    make_corpus,
    make_generation_job,
    make_training_job,
    stored_text,
)

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
NEW, ESTIMATE = "/training/new", "/training/estimate"
FIELDS: dict[str, Any] = {
    "preset": "fast", "window": 30, "units": 24, "max_windows": None, "clip_norm": None,
    "learning_rate": 0.00012, "sample_temperature": [0.5, 1.0], "sample_prompt": " It was",
    "cell": "gru", "name": "mine", "priority": 7, "needs": {"memory_bytes": 9_000},
}  # fmt: skip


def typed_into(page: Page) -> dict[str, str]:
    """Return what stands in the form."""
    names = ["corpus_id", "corpus_version_id", "name", "priority", *TrainingSpec.model_fields,
             "needs.memory_bytes", "needs.label"]  # fmt: skip
    found = {name: page.value(name) for name in names}
    return {name: text for name, text in found.items() if text} | {
        "preset": page.checked("preset") or "",
        "notify": page.checked("notify") or "",
        "needs.gpu": page.checked("needs.gpu") or "",
    }


def test_a_failed_job_is_filled_in_again(site: Site, db: Database) -> None:
    """All that it was, on the same version: sent as it is, it is the same job again."""
    told = do(db, lambda s: add_receiver(s, DEFAULT_TEAM_ID, "r", url="https://example.org"))
    corpus = make_corpus(db)
    job = make_training_job(db, corpus, notify=[told.id], **FIELDS)
    lease = claim_job(db, job)
    do(db, lambda session: fail(session, lease, "diverged", "the loss is not a number"))
    text = stored_text(db, "new words " * 200)
    do(db, lambda session: add_version(session, DEFAULT_TEAM_ID, corpus.id, text))
    page = site.get(f"{NEW}?clone={job.id}")
    assert "Filled in as mine was." in page.text
    typed = typed_into(page)
    assert (typed["max_windows"], typed["clip_norm"]) == ("all", "off")
    assert "epochs" not in typed
    done = site.submit(NEW, **typed)
    assert done.status == 303, page.text
    with db.read() as session:
        again = get_job(session, DEFAULT_TEAM_ID, done.location.rpartition("/")[2])
    for name in ("spec", "name", "priority", "preset", "corpus_version_id", "needs_key"):
        assert getattr(again, name) == getattr(job, name), name
    assert typed["notify"] == told.id


def test_a_job_that_asks_for_a_node(site: Site, db: Database) -> None:
    """What it asks for stands on its page and in the form of its like."""
    job = make_training_job(db, needs={"gpu": True, "memory_bytes": 9 * 10**9, "label": "a100"})
    shown = site.get(f"/jobs/{job.id}").text
    assert "A GPU and 9.0 GB of memory and the label a100" in shown
    page = site.get(f"{NEW}?clone={job.id}")
    assert page.checked("needs.gpu") == "yes"
    assert (page.value("needs.label"), page.value("needs.memory_bytes")) == ("a100", "9000000000")


def test_a_clone_with_a_change(site: Site, db: Database) -> None:
    """Fields that the address names stand over those of the job; a made name is made anew."""
    job = make_training_job(db, units=24)
    page = site.get(f"{NEW}?clone={job.id}&learning_rate=0.001&units=8")
    assert (page.value("learning_rate"), page.value("units")) == ("0.001", "8")
    assert (page.checked("preset"), page.value("name")) == ("tiny", "")


def test_nothing_to_clone(site: Site, db: Database) -> None:
    """The form opens as it is for a job that is not there, and for one that trained nothing."""
    writing = make_generation_job(db)
    for job_id in (new_id(), "x", writing.id):
        page = site.get(f"{NEW}?clone={job_id}")
        assert page.status == 200
        assert "Filled in as" not in page.text


def test_what_a_run_goes_on_from(site: Site, db: Database) -> None:
    """Which epoch of which job, and beside each field that must be equal what it was there."""
    checkpoint = make_checkpoint(db)
    page = site.get(f"{NEW}?checkpoint={checkpoint.id}")
    assert "It goes on from epoch 1 of" in page.text
    assert f'href="/jobs/{checkpoint.job_id}"' in page.html
    assert page.text.count("As the checkpoint has it:") == 3
    refused = site.submit(NEW, from_checkpoint_id=checkpoint.id, units="99")
    assert "It goes on from epoch 1 of" in refused.text


def estimated(site: Site, **fields: str) -> dict[str, Any]:
    """Return what the script is told of a form."""
    page = site.submit(ESTIMATE, NEW, **fields)
    assert page.status == 200
    found: dict[str, Any] = page.answer.get_json()
    return found


def test_an_estimate(site: Site, db: Database) -> None:
    """Sizes by arithmetic; the time where a speed is known, else why none is told."""
    corpus = make_corpus(db)
    fields = {"corpus_id": corpus.id, "preset": "tiny"}
    small = estimated(site, **fields)
    assert small["problems"] == {}
    assert small["figures"]["time"] == "not known"
    assert small["figures"]["basis"] == "No worker that trains is running now."
    assert (small["figures"]["windows"], small["figures"]["steps"]) == ("640", "20")
    assert estimated(site, **fields, batch_size="64")["figures"]["steps"] == "10"
    finish_epoch(db, claim_job(db, make_training_job(db, corpus)), 1)
    known = estimated(site, **fields)
    assert known["figures"]["time"].startswith("about ")
    assert known["told"] == f"It takes {known['figures']['time']}."
    assert site.get(f"{NEW}?preset=tiny").text.count(known["figures"]["time"]) == 1


def test_an_estimate_tells_what_is_wrong(site: Site, db: Database) -> None:
    """As a submission would, beside each field; there are no figures then."""
    checkpoint = make_checkpoint(db)
    corpus = make_corpus(db, "abc " * 20, "short")
    answer = estimated(site, corpus_id=corpus.id, epochs="x", units="0")
    assert "Received: x." in answer["problems"]["epochs"]
    assert "at least 1" in answer["problems"]["units"]
    assert set(answer["figures"].values()) == {"–", ""}
    assert "corpus_id" in estimated(site, corpus_id=corpus.id)["problems"]
    other = {"from_checkpoint_id": checkpoint.id, "preset": "tiny", "units": "9"}
    assert "units" in estimated(site, corpus_id=make_corpus(db).id, **other)["problems"]
    assert estimated(site, corpus_id=new_id())["problems"].keys() == {"corpus_id"}
    assert site.client.post(ESTIMATE).status_code == 400


def test_an_estimate_without_a_script(site: Site, db: Database) -> None:
    """Its button sends the form back as it was, with the figures, and submits nothing."""
    corpus = make_corpus(db)
    fields = {"corpus_id": corpus.id, "preset": "tiny", "estimate": "yes"}
    page = site.submit(NEW, **fields, batch_size="64")
    assert page.status == 200
    assert (page.value("batch_size"), page.checked("preset")) == ("64", "tiny")
    assert '<dd data-figure="steps">10</dd>' in page.html
    refused = site.submit(NEW, **fields, epochs="0")
    assert (refused.status, refused.errors()) == (422, {"epochs"})
    assert "Nothing was submitted" in refused.text
