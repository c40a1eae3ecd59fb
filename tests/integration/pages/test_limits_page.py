"""What a team may have and what it has, on a page."""

from sqlalchemy import update

from shared.accounts.models import Team
from shared.db import Database
from tests.integration.pages.conftest import MakeSite
from tests.integration.pages.site import Site
from tests.support.factories import do, make_corpus, make_training_job
from tests.support.pseudo import untranslated


def test_the_page_shows_limits(site: Site, db: Database) -> None:
    """With a bar where something can be used up."""
    make_training_job(db)
    do(db, lambda s: s.execute(update(Team).values(most_queued_jobs=4)))
    page = site.get("/limits")
    assert page.status == 200
    assert "Jobs that wait: 1 of 4" in page.html
    for words in ("4 set for this team", "20.0 GB", "100,000,000"):
        assert words in page.text, words
    assert page.html.count("<progress") == 4
    assert page.html.count("set for this team") == 1


def test_the_page_speaks_the_readers_language(bracketed: Site, db: Database) -> None:
    """All of it."""
    do(db, lambda s: s.execute(update(Team).values(most_queued_jobs=4)))
    assert untranslated(bracketed.get("/limits").html) == []


def test_forms_tell_a_limit(make_site: MakeSite, db: Database) -> None:
    """The form stays, with what was typed and why not."""
    corpus = make_corpus(db)
    site = make_site(team_queued_jobs=0, team_corpora=1)
    page = site.submit("/training/new", corpus_id=corpus.id, preset="tiny")
    assert page.status == 409
    assert "queued_jobs" in page.text
    page = site.submit("/corpora/new", source="text", name="b", text="It was the best of times.")
    assert page.status == 409
    assert "limit corpora of this team" in page.text
