"""What open pages ask for: which jobs ended, and the parts that change."""

from typing import Any

from shared.db import Database
from shared.jobs.services import cancel, succeed
from tests.integration.pages.site import Site
from tests.support.factories import (
    claim_job,
    do,
    finish_epoch,
    make_corpus,
    make_scoring_job,
    make_team,
    make_training_job,
)


def news(site: Site, **query: str) -> dict[str, Any]:
    """Ask for news."""
    answer = site.client.get("/news.json", query_string=query)
    assert answer.status_code == 200
    body: dict[str, Any] = answer.get_json()
    return body


def test_a_job_that_was_waited_for_ends(site: Site, db: Database) -> None:
    """It is told of once, with its name, how it ended and where it is."""
    job = make_training_job(db, name="<Watched>")
    first = news(site)
    assert first == {"since": job.id, "active": [job.id], "ended": []}
    lease = claim_job(db, job)
    assert news(site)["active"] == [job.id]
    finish_epoch(db, lease)
    do(db, lambda session: succeed(session, lease))
    told = news(site, since=job.id, watched=job.id)
    assert told["active"] == []
    assert told["ended"] == [
        {
            "id": job.id,
            "name": "<Watched>",
            "status": "succeeded",
            "words": "The job has finished.",
            "url": f"/jobs/{job.id}",
        }
    ]
    assert news(site, since=told["since"], watched="")["ended"] == []


def test_a_job_that_came_and_went(site: Site, db: Database) -> None:
    """What was submitted and ended between two questions is told of, too."""
    corpus = make_corpus(db)
    since = make_training_job(db, corpus).id
    short = make_training_job(db, corpus, name="short")
    do(db, lambda session: cancel(session, short.id))
    told = news(site, since=since)["ended"]
    assert [(job["name"], job["status"]) for job in told] == [("short", "cancelled")]
    assert news(site)["ended"] == []


def test_nobody_is_told_of_answers_or_of_others(site: Site, db: Database) -> None:
    """Scorings are small and many; another team's jobs are its own."""
    scoring = make_scoring_job(db)
    others = make_training_job(db, team_id=make_team(db))
    for job in (others, scoring):
        do(db, lambda session, job=job: cancel(session, job.id))  # type: ignore[misc]
    told = news(site, watched=f"{others.id},{scoring.id},nonsense")
    assert told["ended"] == []
    assert not {others.id, scoring.id} & set(told["active"])


def test_nothing_new_costs_nothing(site: Site, db: Database) -> None:
    """304 for news and for every part of a page, until something changes."""
    job = make_training_job(db)
    paths = ["/news.json", "/?part=live", "/jobs?part=live"]
    for path in paths:
        known = {"If-None-Match": site.get(path).answer.headers["ETag"]}
        assert site.get(path, headers=known).status == 304
        do(db, lambda session: cancel(session, job.id)) if path == paths[-1] else None
    assert site.get(paths[-1], headers=known).status == 200


def test_a_part_is_that_part_of_its_page(site: Site, db: Database) -> None:
    """Nothing but what changes, as it stands on the whole page."""
    make_training_job(db, name="in part")
    for path in ("/", "/jobs"):
        part = site.get(f"{path}?part=live").html
        assert "in part" in part
        assert "<html" not in part
        assert part.strip() in site.get(path).html
