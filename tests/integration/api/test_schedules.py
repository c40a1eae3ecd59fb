"""Schedules over the API: made, changed, run by hand, refused with the field's name."""

from typing import Any

import pytest

from shared.db import Database
from shared.schedules.firing import fire_due
from shared.schedules.timing import Timing
from tests.integration.api.client import Api
from tests.support.factories import make_corpus


@pytest.fixture
def body(db: Database) -> dict[str, Any]:
    return {
        "name": "nightly bard",
        "cron": "nightly",
        "time_zone": "Europe/Berlin",
        "corpus_id": make_corpus(db).id,
        "model": "bard",
        "training": {"preset": "tiny", "epochs": 1},
    }


def test_a_schedule_is_made_and_shown(api: Api, body: dict[str, Any]) -> None:
    made = api.post("/schedules", body | {"generation": {"length": 20}})
    assert made.status_code == 201
    schedule = made.get_json()
    assert made.headers["Location"] == schedule["links"]["self"]
    assert (schedule["cron"], schedule["model"]) == ("0 3 * * *", "bard")
    assert schedule["training"] == {"preset": "tiny", "epochs": 1}
    assert schedule["generation"]["length"] == 20
    assert len(schedule["next_times"]) == 5
    assert schedule["next_times"][0] == schedule["next_due_at"]
    assert api.get(schedule["links"]["self"]).get_json()["id"] == schedule["id"]
    assert [row["id"] for row in api.get("/schedules").get_json()["data"]] == [schedule["id"]]
    assert api.get("/models/bard").get_json()["checkpoint_id"] is None


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"cron": "61 * * * *"}, "cron"),
        ({"cron": "* * * * * *"}, "cron"),
        ({"cron": "0 0 31 2 *"}, "cron"),
        ({"time_zone": "Mars/Olympus"}, "time_zone"),
        ({"time_zone": "../etc/passwd"}, "time_zone"),
        ({"corpus_id": "none"}, "corpus_id"),
        ({"model": "a/b"}, "model"),
        ({"model": ".."}, "model"),
        ({"overlap": "both"}, "overlap"),
        ({"missed": "all"}, "missed"),
        ({"start_from": "best"}, "start_from"),
        ({"training": {"preset": "tiny", "epochs": 0}}, "training.epochs"),
        ({"training": {"corpus_id": "x"}}, "training.corpus_id"),
        ({"generation": {"length": 0}}, "generation.length"),
        ({"training": {"preset": "seed", "window": 900}}, "corpus_id"),
        ({"enabled": "yes"}, "enabled"),
        ({"extra": 1}, "extra"),
    ],
)
def test_what_is_refused(
    api: Api, body: dict[str, Any], change: dict[str, Any], field: str
) -> None:
    answer = api.post("/schedules", body | change)
    assert answer.status_code == 422
    assert [problem["field"] for problem in answer.get_json()["errors"]] == [field]
    assert api.get("/schedules").get_json()["data"] == []


def test_a_change_leaves_the_rest(api: Api, body: dict[str, Any]) -> None:
    schedule = api.post("/schedules", body).get_json()
    path = schedule["links"]["self"]
    changed = api.patch(path, {"cron": "weekly", "enabled": False})
    assert changed.status_code == 200
    now = changed.get_json()
    assert (now["cron"], now["enabled"], now["next_times"]) == ("0 3 * * 1", False, [])
    same = ("name", "time_zone", "training", "model", "overlap", "created_at")
    assert [now[name] for name in same] == [schedule[name] for name in same]
    refused = api.patch(path, {"time_zone": "Nowhere"})
    assert refused.status_code == 422
    assert api.get(path).get_json()["time_zone"] == "Europe/Berlin"


def test_a_disabled_schedule_does_not_fire(api: Api, body: dict[str, Any], db: Database) -> None:
    schedule = api.post("/schedules", body | {"enabled": False}).get_json()
    later = Timing("0 3 * * *", "Europe/Berlin").preview(_moment(schedule))[-1]
    assert fire_due(db, later) == 0
    assert api.get(schedule["links"]["runs"]).get_json()["data"] == []


def _moment(schedule: dict[str, Any]) -> Any:
    from datetime import datetime

    return datetime.fromisoformat(schedule["next_due_at"])


def test_run_now_and_the_history(api: Api, body: dict[str, Any]) -> None:
    schedule = api.post("/schedules", body).get_json()
    first = api.post(schedule["links"]["self"] + "/run")
    assert first.status_code == 202
    assert (first.get_json()["status"], first.get_json()["by_hand"]) == ("due", True)
    second = api.post(schedule["links"]["self"] + "/run").get_json()
    assert (second["status"], second["reason"]) == ("skipped", "the run before had not ended")
    runs = api.get(schedule["links"]["runs"]).get_json()["data"]
    assert [run["id"] for run in runs] == [first.get_json()["id"], second["id"]]


def test_a_deleted_schedule_is_gone_with_its_history(api: Api, body: dict[str, Any]) -> None:
    schedule = api.post("/schedules", body).get_json()
    api.post(schedule["links"]["self"] + "/run")
    assert api.delete(schedule["links"]["self"]).status_code == 204
    for path in (schedule["links"]["self"], schedule["links"]["runs"]):
        assert api.get(path).status_code == 404
    assert api.get("/models/bard").status_code == 200
