"""Home, corpora and lists say nothing that is in no catalogue, with everything stored."""

from shared.db import Database
from shared.jobs.services import cancel
from tests.integration.pages.site import Site
from tests.support.factories import (
    TEXT,
    claim_job,
    do,
    finish_epoch,
    make_checkpoint,
    make_corpus,
    make_generation_job,
    make_training_job,
)
from tests.support.pseudo import untranslated

ODD = TEXT + "\u200b\u00a0ж☃\r\n" + "The same paragraph stands here twice, as copies do.\n\n" * 2


def test_pages_with_everything(bracketed: Site, db: Database) -> None:
    """Running and ended jobs, a sample, versions, the doctor's report, a place in the text."""
    corpus = make_corpus(db, ODD, "name")
    bracketed.upload(f"/corpora/{corpus.id}/versions/new", TEXT.encode(), "file.txt")
    running = make_training_job(db, corpus, name="name")
    checkpoint = make_checkpoint(db, running)
    written = make_generation_job(db, checkpoint, name="name")
    do(db, lambda session: cancel(session, written.id))
    own = f"/corpora/{corpus.id}"
    for path in ("/", "/corpora", own, f"{own}?version=1", f"{own}/read?at=50&length=9",
                 "/jobs", f"/jobs/{written.id}/delete"):  # fmt: skip
        page = bracketed.get(path)
        assert page.status == 200, path
        assert untranslated(page.html) == [], path


def test_each_next_step(bracketed: Site, db: Database) -> None:
    """Train, watch, write: the one thing to do next is told in the reader's language."""
    corpus = make_corpus(db, name="name")
    assert untranslated(bracketed.get("/").html) == []
    job = make_training_job(db, corpus, name="name")
    assert untranslated(bracketed.get("/").html) == []
    finish_epoch(db, claim_job(db, job))
    assert untranslated(bracketed.get("/").html) == []


def test_messages_after_forms(bracketed: Site, db: Database) -> None:
    """What a page says once, after a form was sent."""
    corpus = make_corpus(db, name="name")
    kept = make_corpus(db, name="name")
    make_training_job(db, kept)
    page = f"/corpora/{corpus.id}"
    for path, form, fields in (
        (f"{page}/versions/new", f"{page}/versions/new", {"source": "text", "text": TEXT * 2}),
        (f"{page}/versions/new", f"{page}/versions/new", {"source": "text", "text": TEXT * 2}),
        (f"{page}/delete", page, {}),
    ):
        done = bracketed.submit(path, form, **fields)
        assert done.status == 303
        assert untranslated(bracketed.get(done.location).html) == []
