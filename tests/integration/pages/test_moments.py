"""Pages while what they show is deleted, on both databases."""

from typing import Any

import pytest

from shared.accounts.models import DEFAULT_TEAM_ID
from shared.corpora.services import delete_corpus
from shared.db import Database
from shared.jobs.services import cancel, delete
from tests.conftest import database_url  # noqa: F401  (elsewhere pages are tried on one)
from tests.integration.pages.site import Site
from tests.support.factories import do, make_corpus, make_training_job
from web.pages import reading


def test_a_job_that_goes_while_its_page_is_made(
    site: Site, db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With its text: the page is of the moment when it was asked for; then there is none."""
    corpus = make_corpus(db)
    job = make_training_job(db, corpus)
    do(db, lambda s: cancel(s, job.id))
    text_of = reading.text_of

    def gone(session: Any, version_id: Any) -> Any:
        do(db, lambda s: delete(s, job.id))
        do(db, lambda s: delete_corpus(s, DEFAULT_TEAM_ID, corpus.id))
        return text_of(session, version_id)

    monkeypatch.setattr(reading, "text_of", gone)
    assert "a corpus" in site.get(f"/jobs/{job.id}").text
    monkeypatch.undo()
    assert site.client.get(f"/jobs/{job.id}").status_code == 404
