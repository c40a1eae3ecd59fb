"""Named models over the API: promoted and rolled back by hand, with stable addresses."""

import pytest
from sqlalchemy import select

from shared.checkpoints.models import Checkpoint
from shared.db import Database
from shared.jobs.services import succeed
from shared.models.models import NamedModel
from shared.models.services import work_for
from tests.integration.api.client import Api
from tests.support.factories import (
    claim_job,
    do,
    make_checkpoint,
    make_generation_job,
    write_text,
)


@pytest.fixture
def checkpoints(db: Database) -> list[Checkpoint]:
    return [make_checkpoint(db) for _ in range(2)]


def promote(api: Api, checkpoint: Checkpoint, name: str = "bard") -> dict[str, object]:
    answer = api.post(f"/models/{name}/promote", {"checkpoint_id": checkpoint.id})
    assert answer.status_code == 200
    found: dict[str, object] = answer.get_json()
    return found


def test_promoted_and_rolled_back_by_hand(api: Api, checkpoints: list[Checkpoint]) -> None:
    for checkpoint in checkpoints:
        assert promote(api, checkpoint)["checkpoint_id"] == checkpoint.id
    back = api.post("/models/bard/rollback", {"reason": "it rhymes less"})
    assert back.get_json()["checkpoint_id"] == checkpoints[0].id
    again = api.post("/models/bard/rollback", {})
    assert (again.status_code, again.get_json()["code"]) == (409, "move_refused")
    history = api.get("/models/bard/history").get_json()["data"]
    assert [line["action"] for line in history] == ["promoted", "promoted", "rolled_back"]
    assert history[-1]["reason"] == "it rhymes less"
    assert all(line["by_hand"] for line in history)


def test_the_models_file_is_at_a_stable_address(api: Api, checkpoints: list[Checkpoint]) -> None:
    promote(api, checkpoints[0])
    first = api.get("/models/bard/latest/model.keras")
    own = api.get(f"/checkpoints/{checkpoints[0].id}/model.keras")
    assert first.status_code == 200
    assert first.data == own.data


def written(db: Database, checkpoint: Checkpoint, text: str) -> None:
    """Let a job write a text with a checkpoint for the model."""
    from shared.jobs.records import NewOutput
    from shared.jobs.written import finish_text

    job = make_generation_job(db, checkpoint)
    lease = claim_job(db, job)
    write_text(db, lease, 1, text)
    output = NewOutput(1, 0.6, "p", {}, len(text), 0, "length")
    do(db, lambda session: finish_text(session, lease, output))
    do(db, lambda session: work_for(session, session.scalars(select(NamedModel)).one(), job.id))
    do(db, lambda session: succeed(session, lease))


def test_the_latest_text_is_the_promoted_ones(
    api: Api, db: Database, checkpoints: list[Checkpoint]
) -> None:
    """It follows promotions and rollbacks; until there is a new one the old one stays."""
    promote(api, checkpoints[0])
    missing = api.get("/models/bard/latest/output.txt")
    assert missing.status_code == 404
    written(db, checkpoints[0], "the first text")
    assert api.get("/models/bard/latest/output.txt").text == "the first text"
    promote(api, checkpoints[1])
    assert api.get("/models/bard/latest/output.txt").text == "the first text"
    written(db, checkpoints[1], "the second text")
    assert api.get("/models/bard/latest/output.txt").text == "the second text"
    api.post("/models/bard/rollback", {})
    assert api.get("/models/bard/latest/output.txt").text == "the first text"


def test_the_policy_is_changed_field_by_field(api: Api, checkpoints: list[Checkpoint]) -> None:
    promote(api, checkpoints[0])
    changed = api.patch("/models/bard", {"margin": 0.05}).get_json()
    assert (changed["margin"], changed["most_copied"]) == (0.05, 0.2)
    assert api.patch("/models/bard", {"margin": -1}).status_code == 422


@pytest.mark.parametrize(
    ("name", "checkpoint_id", "field"),
    [("bard", "none", "checkpoint_id"), ("a b", None, "model"), (".hidden", None, "model")],
)
def test_refused_promotions(
    api: Api, checkpoints: list[Checkpoint], name: str, checkpoint_id: str | None, field: str
) -> None:
    body = {"checkpoint_id": checkpoint_id or checkpoints[0].id}
    answer = api.post(f"/models/{name}/promote", body)
    assert answer.status_code == 422
    assert [problem["field"] for problem in answer.get_json()["errors"]] == [field]
    assert api.get("/models").get_json()["data"] == []


def test_an_unknown_model(api: Api) -> None:
    for path in ("", "/history", "/latest/output.txt", "/latest/model.keras"):
        assert api.get(f"/models/nobody{path}").status_code == 404
    assert api.post("/models/nobody/rollback", {}).status_code == 404
