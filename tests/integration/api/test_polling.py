"""What makes waiting cheap: hints, many jobs at once, and pages that stay in step."""

import re

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from shared.db import Database
from shared.ids import new_id
from tests.integration.api.client import Api, field_error, ids
from tests.integration.api.test_workers import started
from tests.support.factories import make_corpus, make_standing_job, make_training_job

SHARED = [HealthCheck.function_scoped_fixture]
# How many rows are asked for, and how many arrive after each page.
rounds = st.tuples(st.integers(1, 5), st.lists(st.integers(0, 3), min_size=1, max_size=6))


@pytest.mark.parametrize("status", ["queued", "running", "paused", "succeeded"])
def test_a_hint_when_to_ask_again(api: Api, db: Database, status: str) -> None:
    """While a worker or a queue may change it: also in the answer that nothing did."""
    job = make_standing_job(db, status)
    answer = api.get(f"/jobs/{job.id}")
    again = api.get(f"/jobs/{job.id}", {"If-None-Match": answer.headers["ETag"]})
    assert again.status_code == 304
    for got in (answer, again):
        assert ("Retry-After" in got.headers) == (status in ("queued", "running"))
    assert int(answer.headers.get("Retry-After", 1)) > 0


def test_many_jobs_at_once(api: Api, db: Database) -> None:
    """Those that there are, newest first, whatever the order; others are left out."""
    corpus = make_corpus(db)
    first, second, _ = (make_training_job(db, corpus).id for _ in range(3))
    assert ids(api.get(f"/jobs?ids={first},{new_id()},{second}")) == [second, first]
    assert ids(api.get(f"/jobs?ids={new_id()}")) == []
    page = api.get(f"/jobs?ids={first},{second}&limit=1").get_json()
    assert page["has_more"]
    assert ids(api.get(f"/jobs?ids={first},{second}&after={page['data'][0]['id']}")) == [first]
    assert ids(api.get(f"/jobs?ids={first}&status=succeeded")) == []


@pytest.mark.parametrize("given", ["", "nothing", "ID,", "ID,nothing", ",".join(["ID"] * 101)])
def test_malformed_ids(api: Api, given: str) -> None:
    """An empty list, a part that is no id, and more than a hundred are refused."""
    given = re.sub("ID", lambda _: new_id(), given)
    error = field_error(api.get(f"/jobs?ids={given}"), "ids")
    assert "100" in error["accepted"]


@hypothesis_settings(max_examples=10, deadline=None, suppress_health_check=SHARED)
@given(rounds)
def test_newest_first_in_step(api: Api, db: Database, plan: tuple[int, list[int]]) -> None:
    """Jobs that arrive between pages neither push a row out nor bring one twice."""
    limit, arriving = plan
    corpus = make_corpus(db)
    make_training_job(db, corpus)
    there = ids(api.get("/jobs?limit=1000"))
    page = api.get(f"/jobs?limit={limit}")
    seen = ids(page)
    while page.get_json()["has_more"]:
        for _ in range(arriving.pop() if arriving else 0):
            make_training_job(db, corpus)
        page = api.get(f"/jobs?limit={limit}&after={seen[-1]}")
        seen += ids(page)
    assert seen == there


@hypothesis_settings(max_examples=10, deadline=None, suppress_health_check=SHARED)
@given(rounds)
def test_oldest_first_in_step(api: Api, db: Database, plan: tuple[int, list[int]]) -> None:
    """Rows that arrive between pages come once, at the end."""
    limit, arriving = plan
    started(db, new_id())
    page = api.get(f"/workers?limit={limit}")
    seen = ids(page)
    while page.get_json()["has_more"] or arriving:
        for _ in range(arriving.pop() if arriving else 0):
            started(db, new_id())
        page = api.get(f"/workers?limit={limit}&after={seen[-1]}")
        seen += ids(page)
    assert seen == ids(api.get("/workers?limit=1000"))
