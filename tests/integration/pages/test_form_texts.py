"""Forms, schedules, models and receivers with all that they can show, in the pseudo-language."""

from typing import Any

import pytest

from shared.accounts.models import DEFAULT_TEAM_ID
from shared.corpora.services import add_version
from shared.db import Database, database_now
from shared.models.services import Judgement, decide, ensure_model, promote
from shared.notices.sending import Outcome, claim_notice, record
from shared.notices.services import add_receiver, send_test
from shared.schedules.requests import ScheduleRequest
from shared.schedules.services import add_schedule, run_now
from tests.integration.pages.site import Page, Site
from tests.support.factories import (
    do,
    make_checkpoint,
    make_corpus,
    make_standing_job,
    stored_text,
)
from tests.support.pseudo import untranslated

# What pages say does not depend on the database.
pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
PLAN: dict[str, Any] = {
    "name": "the bard", "cron": "nightly", "model": "bard", "time_zone": "Europe/Berlin",
    "url": "https://example.org/a", "generation": {"length": 50},
    "training": {"preset": "fast", "epochs": 3, "clip_norm": None, "cell": "gru"},
}  # fmt: skip


@pytest.fixture
def receiver(db: Database) -> str:
    """The id of a receiver that was told something once, in vain."""
    row = do(db, lambda s: add_receiver(s, DEFAULT_TEAM_ID, "ours", url="https://example.org"))
    do(db, lambda session: send_test(session, row))
    claimed = do(db, claim_notice)
    assert claimed is not None
    do(db, lambda session: record(session, claimed, Outcome(0.5, 500, "it answered 500")))
    return row.id


@pytest.fixture
def schedule(db: Database, receiver: str) -> str:
    """The id of a schedule with a run that was skipped."""
    corpus = make_corpus(db)
    body = ScheduleRequest.model_validate(PLAN | {"corpus_id": corpus.id, "notify": [receiver]})
    made = do(db, lambda s: add_schedule(s, DEFAULT_TEAM_ID, body, database_now(s)))
    for _ in range(2):
        do(db, lambda s: run_now(s, DEFAULT_TEAM_ID, made.id, database_now(s)))
    return made.id


@pytest.fixture
def model(db: Database) -> str:
    """The name of a model with a history."""
    model = do(db, lambda session: ensure_model(session, DEFAULT_TEAM_ID, "bard"))
    first, second, third = (make_checkpoint(db) for _ in range(3))
    against = None
    for checkpoint, bits in ((first, 2.5), (second, 2.2), (third, 2.7)):
        judgement = Judgement(against, bits, 2.5 if against else None, 12, 0.034)
        do(db, lambda s, c=checkpoint, j=judgement: decide(s, model.id, c.id, j))  # type: ignore[misc]
        against = second.id if checkpoint is second else against or first.id
    do(db, lambda s: promote(s, s.merge(model), first, "by hand"))
    return model.name


def told(page: Page, status: int = 200) -> list[str]:
    """Return what a page says that is in no catalogue."""
    assert page.status == status
    return untranslated(page.html)


def test_schedules(bracketed: Site, schedule: str, model: str) -> None:
    """The list, one with its history, its forms; enabled and disabled."""
    path = f"/schedules/{schedule}"
    for place in ("/schedules", path, f"{path}/edit", f"{path}/delete", "/schedules/new"):
        assert told(bracketed.get(place)) == [], place
    bracketed.submit(f"{path}/run", path)
    assert told(bracketed.get(path)) == []
    bracketed.submit(f"{path}/enabled", path, enabled="no")
    for place in (path, "/schedules"):
        assert told(bracketed.get(place)) == [], place
    assert told(bracketed.get("/schedules?after=ffffffff-ffff-7fff-bfff-ffffffffffff")) == []


def test_models(bracketed: Site, model: str) -> None:
    """The list, one with its history, and what is said of its moves."""
    page = f"/models/{model}"
    for place in ("/models", page):
        assert told(bracketed.get(place)) == [], place
    for path, fields in ((f"{page}/rollback", {}), (page, {"margin": "0.1", "most_copied": ""})):
        bracketed.submit(path, page, **fields)
        assert told(bracketed.get(page)) == [], path


def test_receivers(bracketed: Site, receiver: str) -> None:
    """The list, one with what it was told, the form, a new one's secret, and its end."""
    page = f"/receivers/{receiver}"
    for place in ("/receivers", page):
        assert told(bracketed.get(place)) == [], place
    made = bracketed.submit("/receivers/new", name="another", url="https://example.org/")
    assert told(made, 201) == []
    bracketed.submit(f"{page}/test", page)
    assert told(bracketed.get(page)) == []
    bracketed.submit(f"{page}/delete", page)
    assert told(bracketed.get("/receivers")) == []


def test_training(bracketed: Site, db: Database, receiver: str) -> None:
    """The form with several versions, receivers and checkpoints; filled in, refused, estimated."""
    checkpoint = make_checkpoint(db)
    failed = make_standing_job(db, "failed")
    corpus = make_corpus(db, name="of two versions")
    text = stored_text(db, "new words " * 200)
    do(db, lambda session: add_version(session, DEFAULT_TEAM_ID, corpus.id, text))
    queries = ("", f"?clone={failed.id}", f"?checkpoint={checkpoint.id}")
    for query in queries:
        assert told(bracketed.get(f"/training/new{query}")) == [], query
    fields = {"corpus_id": corpus.id, "preset": "tiny", "estimate": "yes"}
    assert told(bracketed.submit("/training/new", **fields)) == []


def test_the_summary_of_what_is_wrong(bracketed: Site, db: Database) -> None:
    """It names each field by its label, in the language of the page."""
    corpus = make_corpus(db)
    page = bracketed.submit("/training/new", corpus_id=corpus.id, epochs="0", layers="9")
    assert page.status == 422
    assert '<a href="#epochs">⟦⟦Epochs⟧' in page.html
