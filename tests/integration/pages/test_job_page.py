"""A job's page: what it shows, its moves, its downloads."""

import re
from html import unescape

import pytest

from shared.db import Database
from shared.jobs.records import NewOutput, record_output
from shared.jobs.services import cancel, fail, pause, report_progress, succeed
from tests.integration.pages.site import Site
from tests.support.factories import (
    claim_job,
    finish_epoch,
    make_blob,
    make_checkpoint,
    make_corpus,
    make_generation_job,
    make_team,
    make_training_job,
    reload,
)

PROGRESS = {
    "epoch": 2, "epochs": 4, "step": 7, "steps": 20, "fraction": 0.425,
    "characters_per_second": 999.0, "eta_seconds": 130.0, "loss": 2.25,
}  # fmt: skip


def test_a_running_job(site: Site, db: Database) -> None:
    """Progress with time left, in title and page; samples, checkpoints, layers, settings."""
    job = make_training_job(db, name="Prose", epochs=4)
    lease = claim_job(db, job)
    finish_epoch(db, lease, 1, loss=2.5, val_loss=2.6)
    finish_epoch(db, lease, 2, loss=2.0, val_loss=2.7)
    with db.write() as session:
        report_progress(session, lease, PROGRESS)
    page = site.get(f"/jobs/{job.id}")
    assert "42% · Prose</title>" in page.html
    for words in (
        "about 2 min left",
        "Epoch 2 of 4",
        "step 7 of 20",
        "loss 2.250",
        "and then",
        "2.600",
        "Generate from the best",
        "LSTM",
        "Dense (softmax)",
        "Every epoch",
    ):
        assert words in page.text  # fmt: skip
    assert page.html.count('data-if="best">best') == 1


def test_without_script_a_running_page_reloads(site: Site, db: Database) -> None:
    """A page that a script does not keep up to date loads itself anew until the job ended."""
    job = make_training_job(db)
    assert '<noscript><meta http-equiv="refresh"' in site.get(f"/jobs/{job.id}").html
    with db.write() as session:
        cancel(session, job.id)
    assert "<noscript><meta" not in site.get(f"/jobs/{job.id}").html


@pytest.mark.parametrize(("move", "status"), [("cancel", "cancelled"), ("pause", "paused")])
def test_moves_of_a_waiting_job(site: Site, db: Database, move: str, status: str) -> None:
    """The button moves the job and leads back to its page."""
    job = make_training_job(db)
    page = site.submit(f"/jobs/{job.id}/{move}", f"/jobs/{job.id}")
    assert (page.status, page.location) == (303, f"/jobs/{job.id}")
    assert reload(db, job).status == status
    assert status in site.get(page.location).text


def test_resume_and_retry(site: Site, db: Database) -> None:
    """A paused and a cancelled job wait again."""
    for stop, move in ((pause, "resume"), (cancel, "retry")):
        job = make_training_job(db)
        with db.write() as session:
            stop(session, job.id)
        site.submit(f"/jobs/{job.id}/{move}", f"/jobs/{job.id}")
        assert reload(db, job).status == "queued"


def test_a_running_job_is_asked(site: Site, db: Database) -> None:
    """A running job's page says that it was asked to stop, and does not offer it again."""
    job = make_training_job(db)
    claim_job(db, job)
    site.submit(f"/jobs/{job.id}/pause", f"/jobs/{job.id}")
    page = site.get(f"/jobs/{job.id}")
    assert "pausing" in page.text
    assert 'data-move="pause" hidden' in page.html
    assert 'data-move="cancel">' in page.html


def test_a_refused_move(site: Site, db: Database) -> None:
    """409 on the job's page, saying which states the move accepts."""
    job = make_training_job(db)
    page = site.submit(f"/jobs/{job.id}/retry", f"/jobs/{job.id}")
    assert page.status == 409
    assert "Cannot retry a job that is queued; retry accepts: failed, cancelled." in page.text


def test_a_move_that_is_none(site: Site, db: Database) -> None:
    """Only the four moves have an address; another team's or no job is 404."""
    job = make_training_job(db)
    for path in (f"/jobs/{job.id}/expire", "/jobs/01890000-0000-7000-8000-000000000000/cancel"):
        assert site.submit(path, "/corpora/new").status == 404


def test_a_failed_job_says_what_to_do(site: Site, db: Database) -> None:
    """Its error, advice, and a button to retry."""
    job = make_training_job(db)
    lease = claim_job(db, job)
    with db.write() as session:
        fail(session, lease, "diverged", "the loss is not a number in epoch 2, step 17")
    page = site.get(f"/jobs/{job.id}")
    assert "The loss is not a number in epoch 2, step 17." in page.text
    assert "smaller learning rate" in page.text
    assert 'data-move="retry">' in page.html


def test_the_texts_of_a_generation_job(site: Site, db: Database) -> None:
    """Prompt and text apart, what became of the prompt, and a long text by its beginning."""
    job = make_generation_job(db, prompt="It was", count=2)
    lease = claim_job(db, job)
    report = {"replaced": {"Ï": "I"}, "left_out": ["☃"]}
    long = make_blob(db, "长文".encode() * 40_000)
    with db.write() as session:
        record_output(
            session, lease, NewOutput(1, 0.6, "It was", report, 9, 0, "stop", "the best.")
        )
        record_output(
            session, lease, NewOutput(2, 0.6, "It was", {}, 80_000, 0, "length", blob=long)
        )
        succeed(session, lease)
    page = site.get(f"/jobs/{job.id}")
    assert (
        '<span class="prompt" data-slot="prompt">It was</span><span data-parts="parts">the best.'
        in page.html
    )
    assert "it read Ï → I." in page.text
    assert "Left out, as the model never saw them: ☃" in page.text
    assert "The first 10,000 of 80,000 characters." in page.text
    assert len(page.html) < 100_000


def test_what_a_text_copies_is_marked(site: Site, db: Database) -> None:
    """In words, and in the text, where copies that overlap are one; hostile text stays text."""
    lease = claim_job(db, make_generation_job(db, prompt="It was", count=3))
    text = "a<b>" + "c" * 50 + "d" * 50 + "<i>"
    copying = {"characters": 107, "longest": 60, "copied": 100, "share": 100 / 107, "found": 2,
               "stretches": [{"start": 4, "length": 60, "at": 0},
                             {"start": 50, "length": 54, "at": 9}]}  # fmt: skip
    none = copying | {"longest": 7, "copied": 0, "share": 0.0, "found": 0, "stretches": []}
    for number, found in enumerate((copying, none, None), 1):
        output = NewOutput(number, 0.6, "It was", {}, 107, 0, "length", text, copying=found)
        with db.write() as session:
            record_output(session, lease, output)
    page = site.get(f"/jobs/{lease.job_id}")
    marked = f"<mark>{'c' * 50}{'d' * 50}</mark></a>&lt;i&gt;"
    assert len(re.findall(rf"a&lt;b&gt;<a [^>]+>{marked}", page.html)) == 1
    places = re.findall(r'href="/corpora/[^"]*/read\?version=1&amp;at=(\d+)&amp;length=(\d+)"',
                        page.html)  # fmt: skip
    assert places == [("0", "60")]
    (place,) = re.findall(r'href="(/corpora/[^"]*/read[^"]*)"', page.html)
    assert "<mark" in site.get(unescape(place)).html
    assert "93.5% copied word for word from the corpus, at most 60 characters in a row" in page.text
    assert "Nothing copied: at most 7 characters in a row" in page.text
    assert page.html.count("copied word for word") == 1


def test_downloads(site: Site, db: Database) -> None:
    """Texts, samples and the model come as files, without a token."""
    checkpoint = make_checkpoint(db)
    job = make_generation_job(db, checkpoint)
    lease = claim_job(db, job)
    with db.write() as session:
        for number in (1, 2):
            record_output(
                session, lease, NewOutput(number, 0.6, "", {}, 3, 0, "length", f"秋{number}")
            )
    assert site.get(f"/jobs/{job.id}/output.txt").html == "秋1\n秋2"
    assert site.get(f"/jobs/{job.id}/output.txt?number=2").html == "秋2"
    assert site.get(f"/jobs/{job.id}/output.jsonl").html.count("\n") == 2
    assert "and then" in site.get(f"/jobs/{checkpoint.job_id}/samples.txt").html
    assert site.get(f"/jobs/{checkpoint.job_id}/samples.jsonl").html.count("\n") == 1
    model = site.get(f"/checkpoints/{checkpoint.id}/model.keras").answer
    assert model.data.startswith(b"model ")
    assert "model.keras" in model.headers["Content-Disposition"]


@pytest.mark.parametrize("number", ["3", "0", "-1", "99999999999999999999"])
def test_a_text_that_is_not_there(site: Site, db: Database, number: str) -> None:
    """404 for a number that no text has."""
    job = make_generation_job(db)
    assert site.get(f"/jobs/{job.id}/output.txt?number={number}").status == 404


def test_another_teams_things(site: Site, db: Database) -> None:
    """What belongs to another team is not there."""
    team = make_team(db)
    corpus = make_corpus(db, name="their secret", team_id=team)
    job = make_training_job(db, corpus, team_id=team)
    paths = [f"/corpora/{corpus.id}", f"/jobs/{job.id}", f"/jobs/{job.id}/live.json",
             f"/jobs/{job.id}/samples.txt", f"/corpora/{corpus.id}/text.txt"]  # fmt: skip
    assert [site.get(path).status for path in paths] == [404] * 5
    assert corpus.name not in site.get("/corpora").text
