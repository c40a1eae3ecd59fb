"""Schedules on pages: the form and its refusals, the history, the moves."""

import re
from typing import Any

import pytest

from shared.accounts.models import DEFAULT_TEAM_ID
from shared.corpora.models import Corpus
from shared.db import Database
from shared.ids import new_id
from shared.notices.queries import told_of
from shared.notices.services import add_receiver
from shared.schedules.firing import end
from shared.schedules.models import RunStatus, Schedule, ScheduleRun
from shared.schedules.queries import list_runs, list_schedules
from tests.integration.pages.site import Page, Site
from tests.support.factories import do, make_corpus, make_training_job

NEW = "/schedules/new"
NASTY = "<script>alert(1)</script>"


@pytest.fixture
def corpus(db: Database) -> Corpus:
    return make_corpus(db)


def typed(corpus: Corpus, **fields: str) -> dict[str, str]:
    """Return what a browser sends: every list has a choice."""
    return {
        "name": "the bard", "corpus_id": corpus.id, "cron": "nightly", "model": "bard",
        "time_zone": "Europe/Berlin", "start_from": "promoted", "overlap": "skip",
        "missed": "newest", "training.preset": "tiny",
    } | fields  # fmt: skip


def all_schedules(db: Database) -> list[Schedule]:
    with db.read() as session:
        return list_schedules(session, DEFAULT_TEAM_ID).data


def added(site: Site, db: Database, corpus: Corpus, **fields: str) -> Schedule:
    page = site.submit(NEW, **typed(corpus, **fields))
    assert page.status == 303, page.text
    return all_schedules(db)[0]


def runs(db: Database, schedule: Schedule) -> list[ScheduleRun]:
    with db.read() as session:
        return list_runs(session, schedule.id).data


def test_without_anything_the_way_is_shown(site: Site) -> None:
    assert "There is none yet" in site.get("/schedules").text
    assert "Add a corpus first" in site.get(NEW).text


def test_a_schedule_is_added(site: Site, db: Database, corpus: Corpus) -> None:
    page = site.submit(NEW, **typed(corpus))
    (schedule,) = all_schedules(db)
    shown = site.get(page.location)
    assert "every night at 3:00, Europe/Berlin" in shown.text
    assert shown.html.count("<li><time datetime=") == 5
    assert " 03:00 CE" in shown.text
    assert "It was not due yet." in shown.text
    assert (schedule.training, schedule.generation) == ({"preset": "tiny"}, None)
    assert (schedule.enabled, schedule.url, schedule.cleaning["nfc"]) == (True, None, False)
    listed = site.get("/schedules").text
    assert "the bard" in listed
    assert "model bard" in listed


def test_every_field_reaches_the_schedule(site: Site, db: Database, corpus: Corpus) -> None:
    """Also those of the specs inside, with the types that they have."""
    told = do(db, lambda s: add_receiver(s, DEFAULT_TEAM_ID, "r", url="https://example.org"))
    schedule = added(
        site, db, corpus, cron="*/5  1-3 * * mon", url="https://example.org/a", nfc="yes",
        start_from="last", overlap="queue", missed="none", notify=told.id, generation="yes",
        **{
            "training.epochs": "3", "training.learning_rate": "1e-3", "training.clip_norm": "off",
            "training.cell": "gru", "generation.length": "50", "generation.temperature": "0.5 1",
            "generation.stop": "END\\n", "generation.prompt": " It",
            "training.needs.gpu": "yes", "training.needs.label": "a100",
            "generation.needs.memory_bytes": "8000000000",
        },
    )  # fmt: skip
    assert schedule.cron == "*/5 1-3 * * mon"
    assert schedule.url == "https://example.org/a"
    assert schedule.cleaning == {"lowercase": False, "nfc": True, "squeeze": False}
    assert (schedule.start_from, schedule.overlap, schedule.missed) == ("last", "queue", "none")
    assert schedule.training == {
        "preset": "tiny", "epochs": 3, "learning_rate": 0.001, "clip_norm": None, "cell": "gru",
        "needs": {"gpu": True, "label": "a100"},
    }  # fmt: skip
    assert schedule.generation is not None
    assert schedule.generation.items() >= {
        "length": 50, "temperature": [0.5, 1.0], "stop": ["END\n"], "prompt": " It",
        "needs": {"gpu": False, "memory_bytes": 8_000_000_000, "label": None},
    }.items()  # fmt: skip
    with db.read() as session:
        assert told_of(session, schedule.id) == [told.id]


@pytest.mark.parametrize(
    ("change", "field", "words"),
    [
        ({"cron": "61 * * * *"}, "cron", "Accepted: five fields"),
        ({"cron": "0 0 30 2 *"}, "cron", "Bad day-of-month"),
        ({"time_zone": "Mars/Olympus"}, "time_zone", "Europe/Berlin"),
        ({"model": "../x"}, "model", "letters, digits"),
        ({"name": " "}, "name", "Accepted"),
        ({"corpus_id": new_id()}, "corpus_id", "No corpus has the id"),
        ({"training.epochs": "0"}, "training.epochs", "at least 1, at most 10000"),
        ({"training.window": "900"}, "corpus_id", "needs"),
        ({"generation": "yes", "generation.length": "x"}, "generation.length", "at most 10000000"),
        ({"training.needs.label": "A 100"}, "training.needs.label", "up to 63 of a to z"),
        ({"training.needs.memory_bytes": "8 GB"}, "training.needs.memory_bytes", "at least 1"),
        ({"notify": new_id()}, "notify", "No receiver has the id"),
    ],
)
def test_a_refused_field(
    site: Site, db: Database, corpus: Corpus, change: dict[str, str], field: str, words: str
) -> None:
    """422 beside the field; what was typed stays."""
    page = site.submit(NEW, **typed(corpus, **change))
    assert page.status == 422
    assert page.errors() == {field}
    assert words in (page.error(field) or "")
    assert all_schedules(db) == []
    assert page.value("model") == typed(corpus, **change)["model"]


def test_what_is_not_asked_for_is_not_looked_at(site: Site, db: Database, corpus: Corpus) -> None:
    """What to write has fields that count only where something is to be written."""
    assert added(site, db, corpus, **{"generation.length": "x"}).generation is None


def test_editing_changes_nothing_by_itself(site: Site, db: Database, corpus: Corpus) -> None:
    """The form holds what the schedule is: sent as it is, it stays."""
    fields = {"training.clip_norm": "off", "training.learning_rate": "0.0012345",
              "generation": "yes", "generation.stop": "END\\n\n\\\\n", "generation.top_k": "7",
              "url": "https://example.org/a", "squeeze": "yes",
              "training.needs.gpu": "yes", "generation.needs.label": "a100"}  # fmt: skip
    before = added(site, db, corpus, **fields)
    page = site.get(f"/schedules/{before.id}/edit")
    sent = sent_as_it_is(page)
    assert site.submit(f"/schedules/{before.id}/edit", **sent).status == 303
    (after,) = all_schedules(db)
    for column in Schedule.__table__.columns:
        assert getattr(after, column.name) == getattr(before, column.name), column.name


def sent_as_it_is(page: Page) -> dict[str, Any]:
    """Return what a browser sends of a form that nobody touched."""
    names = set(re.findall(r' name="([\w.]+)"', page.html)) - {"csrf_token"}
    boxes = {"generation", "lowercase", "nfc", "squeeze", "notify", "training.preset",
             "training.needs.gpu", "generation.needs.gpu"}  # fmt: skip
    found = {name: page.value(name) or "" for name in names - boxes}
    return found | {name: box for name in names & boxes if (box := page.checked(name))}


def test_editing_keeps_whether_it_fires(site: Site, db: Database, corpus: Corpus) -> None:
    schedule = added(site, db, corpus)
    path = f"/schedules/{schedule.id}"
    assert site.submit(f"{path}/enabled", path, enabled="no").status == 303
    assert "It is disabled" in site.get(path).text
    page = site.submit(f"{path}/edit", **typed(corpus, name="another"))
    assert page.status == 303
    (changed,) = all_schedules(db)
    assert (changed.name, changed.enabled) == ("another", False)
    site.submit(f"{path}/enabled", path, enabled="yes")
    assert all_schedules(db)[0].enabled
    page = site.submit(f"{path}/edit", **typed(corpus, cron="x"))
    assert (page.status, page.errors()) == (422, {"cron"})


def test_run_now_and_the_history(site: Site, db: Database, corpus: Corpus) -> None:
    """Runs with their reasons, the newest first, with ways to their jobs."""
    schedule = added(site, db, corpus)
    path = f"/schedules/{schedule.id}"
    site.submit(f"{path}/run", path)
    (first,) = runs(db, schedule)
    assert (first.status, first.by_hand) == ("due", True)
    page = site.submit(f"{path}/run", path)
    assert "It was skipped: the run before had not ended." in site.get(page.location).text
    job = make_training_job(db, corpus)

    def promoted(session: Any) -> None:
        run = session.get(ScheduleRun, first.id)
        run.job_id = run.generation_job_id = job.id
        end(run, RunStatus.SUCCEEDED, f"promoted: {NASTY}")

    do(db, promoted)
    shown = site.get(path)
    assert shown.html.count(f'href="/jobs/{job.id}"') == 2
    assert NASTY not in shown.html
    assert shown.text.index("The run before") < shown.text.index("Promoted:")
    assert "Last: the run before had not ended" in site.get("/schedules").text


def test_a_schedule_is_deleted_after_a_question(site: Site, db: Database, corpus: Corpus) -> None:
    schedule = added(site, db, corpus, name=NASTY)
    path = f"/schedules/{schedule.id}/delete"
    asked = site.get(path)
    assert "Its jobs and its model stay" in asked.text
    assert NASTY not in asked.html
    assert len(all_schedules(db)) == 1
    page = site.submit(path)
    assert (page.status, all_schedules(db)) == (303, [])
    assert NASTY not in site.get(page.location).html


def test_what_is_not_there(site: Site, db: Database) -> None:
    for path in ("", "/edit", "/delete"):
        assert site.get(f"/schedules/{new_id()}{path}").status == 404
    assert site.get("/schedules/x").status == 404


def test_no_form_without_its_token(site: Site, db: Database, corpus: Corpus) -> None:
    schedule = added(site, db, corpus)
    for move in ("run", "enabled", "delete", "edit"):
        assert Page(site.client.post(f"/schedules/{schedule.id}/{move}")).status == 400
    assert runs(db, schedule) == []
