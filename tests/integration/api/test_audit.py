"""The audit log: what was done and refused, by whom; and what is not in it."""

import threading
from typing import Any

import pytest
from sqlalchemy import select

from shared.accounts.models import DEFAULT_TEAM_ID, AuditEntry
from shared.accounts.rights import Right, Role
from shared.db import Database
from shared.ids import new_id
from tests.integration.api.client import Api, field_error, ids, problem
from tests.integration.api.conftest import MakeApi
from tests.integration.api.test_accounts import Caller, caller
from tests.support.factories import make_corpus, make_team, make_training_job
from tests.support.signing_in import make_user
from web import noting

Json = dict[str, Any]


def entries(api: Api, query: str = "") -> list[Json]:
    """Return what the log tells, oldest first."""
    answer = api.get(f"/audit{query}")
    assert answer.status_code == 200, answer.text
    found: list[Json] = answer.get_json()["data"]
    return found[::-1]


def test_every_change_is_noted_with_what_was_made(api: Api, db: Database) -> None:
    """Who, in which team, by which token, from where, what, and the id of what came of it."""
    ada = make_user(db)
    mine = caller(api, db, "ada", Right.MANAGE)
    corpus = make_corpus(db)
    job = mine.post("/training-jobs", {"corpus_id": corpus.id, "preset": "tiny"}).get_json()
    mine.get(f"/jobs/{job['id']}")
    mine.post(f"/jobs/{job['id']}/cancel")
    mine.post(f"/jobs/{job['id']}/cancel")
    mine.delete(f"/jobs/{job['id']}")
    told = entries(api)
    actions = ["submissions.train", "jobs.cancel", "jobs.delete"]
    assert [entry["action"] for entry in told] == actions
    (token,) = ids(mine.get("/tokens"))
    for entry in told:
        assert entry["subject_id"] == job["id"]
        assert (entry["user_id"], entry["user_name"]) == (ada.id, "ada")
        assert (entry["token_id"], entry["team_id"]) == (token, DEFAULT_TEAM_ID)
        assert (entry["outcome"], entry["address"]) == ("done", "127.0.0.1")


def test_what_is_refused_is_noted(api: Api, db: Database) -> None:
    """A wrong token and too small a right; not what was wrong in a request, nor nothing at all."""
    make_user(db, "ada", Role.VIEWER)
    viewer = caller(api, db, "ada", Right.READ)
    job = make_training_job(db)
    problem(viewer.post(f"/jobs/{job.id}/cancel"), 403, "forbidden")
    problem(Caller(api, "charloom_wrong").get("/jobs"), 401, "unauthorized")
    problem(Caller(api, "charloom_wrong").get("/nothing"), 401, "unauthorized")
    api.client.get("/api/v1/jobs")
    api.client.get("/jobs")
    api.post("/training-jobs", {})
    api.get(f"/jobs/{new_id()}")
    told = [(e["action"], e["user_name"], e["outcome"], e["details"]["status"], e["subject_id"])
            for e in entries(api)]  # fmt: skip
    assert told == [
        ("jobs.cancel", "ada", "refused", 403, job.id),
        ("jobs.index", "nobody", "refused", 401, None),
        ("nothing", "nobody", "refused", 401, None),
    ]


def test_questions_and_reads_leave_nothing(api: Api, db: Database) -> None:
    """What only reads, or asks, is not noted, whatever its method."""
    corpus = make_corpus(db)
    assert api.post("/estimates", {"corpus_id": corpus.id, "preset": "tiny"}).status_code == 200
    assert api.head("/jobs").status_code == 200
    assert entries(api) == []


def test_accounts_are_noted_with_what_was_done(api: Api) -> None:
    """Each once, in the words of people, with the role, the scope; and no secret."""
    user = api.post("/users", {"name": "ada"}).get_json()
    link = api.post("/users/ada/link").get_json()["url"].partition("secret=")[2]
    team = api.post("/teams", {"name": "poets"}).get_json()
    api.put("/teams/poets/members/ada", {"role": "member"})
    asked = {"name": "ci", "scope": "read", "user": "ada", "team": "poets"}
    token = api.post("/tokens", asked).get_json()
    api.delete(f"/tokens/{token['id']}")
    api.patch("/users/ada", {"disabled": True})
    api.delete("/teams/poets/members/ada")
    api.post("/users/ada/sign-out")
    told = entries(api)
    assert [(entry["action"], entry["subject_id"]) for entry in told] == [
        ("users.add", user["id"]), ("users.link", user["id"]), ("teams.add", team["id"]),
        ("members.role", user["id"]), ("tokens.make", token["id"]), ("tokens.revoke", token["id"]),
        ("users.change", user["id"]), ("members.remove", user["id"]),
        ("users.sign_out", user["id"]),
    ]  # fmt: skip
    assert told[3]["details"] == {"role": "member", "team": "poets"}
    assert told[4]["details"] == {"name": "ci", "scope": "read"}
    for secret in (token["secret"], link, user["sign_in"]["url"].partition("secret=")[2]):
        assert secret not in str(told)


def test_a_secret_in_a_wrong_place_is_not_noted(api: Api, db: Database) -> None:
    """As a token where the id of a job belongs, which is refused."""
    make_user(db, "ada", Role.VIEWER)
    viewer = caller(api, db, "ada", Right.READ)
    secret = viewer._sent["Authorization"].partition(" ")[2]
    problem(viewer.post(f"/jobs/{secret}/cancel"), 403, "forbidden")
    (entry,) = entries(api)
    assert entry["subject_id"] == f"{secret[:15]}[hidden]"
    assert secret not in str(entry)


def test_who_reads_the_log(api: Api, db: Database) -> None:
    """Managers what was done in their team, administrators all; by team, user, action, outcome."""
    make_user(db, "mia")
    manager, other = caller(api, db, "mia", Right.MANAGE), make_team(db)
    manager.post("/corpora", {"name": "a", "text": "It was the best of times. " * 40})
    elsewhere = Caller(api, "test-token", other)
    elsewhere.post("/corpora", {"name": "b", "text": "It was the worst of times. " * 40})
    assert [e["user_name"] for e in entries(manager)] == ["mia"]
    assert entries(manager, "?team=default") == entries(manager)
    field_error(manager.get(f"/audit?team={other}"), "team")
    assert [e["team_id"] for e in entries(api)] == [DEFAULT_TEAM_ID, other]
    assert len(entries(api, "?team=the others")) == 1
    assert len(entries(api, "?user=mia&action=corpora.add&outcome=done")) == 1
    assert entries(api, "?user=mia&outcome=refused") == []
    newest, oldest = ids(api.get("/audit"))
    assert ids(api.get(f"/audit?after={newest}&limit=1")) == [oldest]
    field_error(api.get("/audit?user=nobody"), "user")


def test_a_flood_of_refusals_is_counted(api: Api, db: Database, monkeypatch: Any) -> None:
    """So many are noted of an address a minute; the next one that is noted tells how many more."""
    monkeypatch.setattr(noting, "MOST_OF_AN_ADDRESS", 3)
    clock = [600.0]
    monkeypatch.setattr("web.noting.time.monotonic", lambda: clock[0])
    for _ in range(10):
        Caller(api, "wrong").get("/jobs")
    assert len(entries(api)) == 3
    clock[0] += 60
    Caller(api, "wrong").get("/jobs")
    assert [e["details"].get("left_out") for e in entries(api)] == [None, None, None, 7]


def test_many_addresses_fill_nothing_either() -> None:
    """There is a limit for all of them together, and what is remembered has one, too."""
    refusals = noting.Refusals()
    noted = [refusals.admit(f"10.0.{n % 250}.{n // 250}") for n in range(5000)]
    assert sum(one is not None for one in noted) == noting.MOST_IN_ALL
    assert len(refusals._seen) <= noting.MOST_IN_ALL + 1


def test_behind_a_proxy_it_is_the_callers_address(make_api: MakeApi) -> None:
    """What a proxy says counts for as many as there are; what a caller makes up does not."""
    forged = {"X-Forwarded-For": "6.6.6.6, 192.0.2.7"}
    for proxies, address in ((1, "192.0.2.7"), (0, "127.0.0.1")):
        api = make_api(proxies=proxies)
        api._call("POST", "/teams", forged, json={"name": f"team {proxies}"})
        assert entries(api)[-1]["address"] == address


def test_the_answer_does_not_depend_on_the_log(
    api: Api, db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the entry cannot be written, the deed is done and answered all the same."""
    job = make_training_job(db)
    with db.write() as session:
        session.connection().exec_driver_sql("ALTER TABLE audit_entries RENAME TO away")
    try:
        assert api.post(f"/jobs/{job.id}/cancel").status_code == 200
    finally:
        with db.write() as session:
            session.connection().exec_driver_sql("ALTER TABLE away RENAME TO audit_entries")
    assert entries(api) == []


def test_many_at_once_are_all_noted(api: Api, db: Database) -> None:
    """Each writes its entry, and none is lost."""
    jobs = [make_training_job(db).id for _ in range(8)]
    threads = [
        threading.Thread(target=api.post, args=(f"/jobs/{job_id}/cancel",)) for job_id in jobs
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with db.read() as session:
        assert set(session.scalars(select(AuditEntry.subject_id))) == set(jobs)
