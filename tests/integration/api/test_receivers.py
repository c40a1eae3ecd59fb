"""Receivers and the log of what they were told."""

from typing import Any

import pytest

from shared.db import Database
from shared.ids import new_id
from shared.notices.sending import Outcome, claim_notice, record
from tests.integration.api.client import Api, field_error, ids, problem
from tests.support.factories import do, make_checkpoint, make_corpus

HOOK = {"name": "ours", "url": "https://example.org/hook"}


def test_the_secret_is_told_once(api: Api) -> None:
    answer = api.post("/receivers", HOOK)
    made = answer.get_json()
    assert answer.status_code == 201
    assert made["secret"].startswith("whsec_")
    assert answer.headers["Location"] == made["links"]["self"]
    shown = api.get(f"/receivers/{made['id']}").get_json()
    assert shown == {k: v for k, v in made.items() if k != "secret"}
    assert api.get("/receivers").get_json()["data"] == [shown]
    other = api.post("/receivers", HOOK).get_json()
    assert other["secret"] != made["secret"]
    assert ids(api.get("/receivers")) == [made["id"], other["id"]]


BAD: list[tuple[dict[str, Any], str, str]] = [
    ({"url": None}, "url", "no address is given"),
    ({"email": "me@example.org"}, "url", "two addresses"),
    ({"url": "ftp://example.org"}, "url", "http"),
    ({"url": "https://user:password@example.org"}, "url", "user's name"),
    ({"url": "http://127.0.0.1:8000/"}, "url", "loopback"),
    ({"url": "http://[::ffff:10.0.0.1]/"}, "url", "private"),
    ({"url": "http://169.254.169.254/latest"}, "url", "link-local"),
    ({"url": "x" * 3000}, "url", "2000"),
    ({"url": None, "email": "me@example.org"}, "email", "CHARLOOM_SMTP_URL"),
    ({"name": ""}, "name", ""),
    ({"secret": "mine"}, "secret", ""),
]


@pytest.mark.parametrize(("change", "field", "words"), BAD)
def test_a_refused_receiver(api: Api, change: dict[str, Any], field: str, words: str) -> None:
    error = field_error(api.post("/receivers", HOOK | change), field)
    assert words in f"{error['message']} {error['accepted']}"
    assert ids(api.get("/receivers")) == []


def test_a_test_notice_and_its_log(api: Api, db: Database) -> None:
    receiver = api.post("/receivers", HOOK).get_json()
    answer = api.post(f"/receivers/{receiver['id']}/test")
    notice = answer.get_json()
    assert (answer.status_code, notice["type"], notice["status"]) == (202, "test", "pending")
    claimed = do(db, claim_notice)
    assert claimed is not None
    do(db, lambda s: record(s, claimed, Outcome(0.5, 500, "it answered 500, not 2xx")))
    (logged,) = api.get(receiver["links"]["notices"].removeprefix("/api/v1")).get_json()["data"]
    (tried,) = logged.pop("deliveries")
    assert {k: v for k, v in notice.items() if k != "deliveries"} == logged
    tried.pop("created_at")
    assert tried == {
        "number": 1, "status_code": 500, "error": "it answered 500, not 2xx", "seconds": 0.5,
    }  # fmt: skip


def test_a_receiver_is_deleted(api: Api) -> None:
    path = f"/receivers/{api.post('/receivers', HOOK).get_json()['id']}"
    api.post(f"{path}/test")
    assert api.delete(path).status_code == 204
    for again in (api.get(path), api.delete(path), api.post(f"{path}/test")):
        problem(again, 404, "not_found")
    problem(api.get(f"{path}/notices"), 404, "not_found")


def test_jobs_and_schedules_name_their_receivers(api: Api, db: Database) -> None:
    receiver = api.post("/receivers", HOOK).get_json()["id"]
    corpus = make_corpus(db).id
    bodies: dict[str, dict[str, Any]] = {
        "/training-jobs": {"corpus_id": corpus, "preset": "tiny"},
        "/generation-jobs": {"checkpoint_id": make_checkpoint(db).id},
        "/schedules": {"name": "s", "cron": "hourly", "corpus_id": corpus, "model": "m",
                       "training": {"preset": "tiny"}},
    }  # fmt: skip
    for path, body in bodies.items():
        for bad in ([new_id()], ["x"], [receiver] * 6):
            field_error(api.post(path, body | {"notify": bad}), "notify")
        assert api.post(path, body | {"notify": [receiver, receiver]}).status_code < 300
    (schedule,) = api.get("/schedules").get_json()["data"]
    assert schedule["notify"] == [receiver]
    path = f"/schedules/{schedule['id']}"
    assert api.patch(path, {"name": "t"}).get_json()["notify"] == [receiver]
    assert api.patch(path, {"notify": []}).get_json()["notify"] == []
