"""Submitting jobs: what is accepted, what is refused, and sending the same thing twice."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from shared.accounts.models import DEFAULT_TEAM_ID
from shared.db import Database
from shared.jobs.models import Job
from shared.models.services import ensure_model
from shared.queue import FakeTickets
from shared.specs import TrainingSpec
from tests.integration.api.client import Api, field_error, ids, problem
from tests.support.factories import do, make_checkpoint, make_corpus

# What is asked of the database here, the tests of jobs ask of both.
pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

NOWHERE = "01890000-0000-7000-8000-000000000000"
JOB = {
    *("id", "kind", "name", "status", "requested", "priority", "corpus_version_id"),
    *("checkpoint_id", "spec", "progress", "attempt", "losses", "max_losses", "worker"),
    *("created_at", "started_at", "finished_at", "error", "links"),
}
PROGRESS = {"epoch", "epochs", "step", "steps", "fraction", "eta_seconds"}


@pytest.fixture
def training(db: Database) -> dict[str, Any]:
    """A body that submits a training job."""
    return {"corpus_id": make_corpus(db).id, "preset": "tiny"}


@pytest.fixture
def generation(db: Database) -> dict[str, Any]:
    """A body that submits a generation job."""
    return {"checkpoint_id": make_checkpoint(db).id, "length": 50}


def test_a_training_job_is_accepted(
    api: Api, training: dict[str, Any], tickets: FakeTickets
) -> None:
    """202 with the job, its Location, all fields of the design, and a ticket after the commit."""
    answer = api.post("/training-jobs", training | {"epochs": 3, "name": "mine", "priority": 5})
    job = answer.get_json()
    assert answer.status_code == 202
    assert answer.headers["Location"] == f"/api/v1/jobs/{job['id']}"
    assert job.keys() >= JOB
    assert job["progress"].keys() == PROGRESS
    assert (job["kind"], job["status"], job["name"], job["priority"]) == (
        *("train", "queued", "mine", 5),
    )
    assert (job["spec"]["epochs"], job["spec"]["window"]) == (3, 20)
    assert (job["created_at"][-1], job["started_at"], job["error"]) == ("Z", None, None)
    assert tickets.sent == ["train"]


def test_the_seed_preset_is_the_default(api: Api, db: Database) -> None:
    """A corpus alone is enough for the article's run."""
    body = {"corpus_id": make_corpus(db).id}
    spec = api.post("/training-jobs", body).get_json()["spec"]
    assert (spec["window"], spec["units"], spec["epochs"]) == (100, 128, 10)


def test_a_generation_job_is_accepted(api: Api, generation: dict[str, Any]) -> None:
    """Several temperatures and counts are one job."""
    answer = api.post("/generation-jobs", generation | {"temperature": [0, 0.5], "count": 2})
    job = answer.get_json()
    assert (answer.status_code, job["kind"]) == (202, "generate")
    assert job["checkpoint_id"] == generation["checkpoint_id"]
    assert job["progress"]["steps"] == 50 * 4


def test_a_model_writes_with_its_promoted_checkpoint(api: Api, db: Database) -> None:
    """As it is when the job is submitted; the text is then the model's latest."""
    first, second = (make_checkpoint(db).id for _ in range(2))
    for promoted in (first, second):
        api.post("/models/bard/promote", {"checkpoint_id": promoted})
        job = api.post("/generation-jobs", {"model": "bard", "length": 50}).get_json()
        assert job["checkpoint_id"] == promoted
    do(db, lambda session: ensure_model(session, DEFAULT_TEAM_ID, "new"))
    for name in ("new", "nobody"):
        error = field_error(api.post("/generation-jobs", {"model": name}), "model")
        assert name in error["message"]
    both = {"model": "bard", "checkpoint_id": first}
    for body in (both, {}):
        field_error(api.post("/generation-jobs", body), "checkpoint_id")


def test_a_run_may_start_from_a_checkpoint(api: Api, db: Database) -> None:
    """The checkpoint of a run on the same characters is accepted, one of another shape is not."""
    corpus = make_corpus(db)
    first = api.post("/training-jobs", {"corpus_id": corpus.id, "preset": "tiny"}).get_json()
    with db.read() as session:
        job = session.get_one(Job, first["id"])
    body = {
        "corpus_id": corpus.id,
        "preset": "tiny",
        "from_checkpoint_id": make_checkpoint(db, job).id,
    }
    assert api.post("/training-jobs", body).status_code == 202
    field_error(api.post("/training-jobs", body | {"units": 8}), "units")
    field_error(api.post("/training-jobs", body | {"cell": "gru"}), "cell")


BAD_TRAINING: list[tuple[dict[str, Any], str]] = [
    ({"corpus_id": NOWHERE}, "corpus_id"),
    ({"corpus_id": "nothing"}, "corpus_id"),
    ({"corpus_id": None}, "corpus_id"),
    ({"corpus_id": "\ud800"}, "corpus_id"),
    ({"corpus_version_id": NOWHERE}, "corpus_version_id"),
    ({"from_checkpoint_id": NOWHERE}, "from_checkpoint_id"),
    ({"preset": "huge"}, "preset"),
    ({"epochs": 0}, "epochs"),
    ({"epochs": "5"}, "epochs"),
    ({"epochs": 5.0}, "epochs"),
    ({"epochs": True}, "epochs"),
    ({"epochs": None}, "epochs"),
    ({"window": 1}, "window"),
    ({"window": 10**400}, "window"),
    ({"units": 10**6}, "units"),
    ({"learning_rate": -0.1}, "learning_rate"),
    ({"learning_rate": 10**400}, "learning_rate"),
    ({"learning_rate": float("nan")}, "learning_rate"),
    ({"learning_rate": float("inf")}, "learning_rate"),
    ({"optimizer": "magic"}, "optimizer"),
    ({"validation_fraction": 0.9}, "validation_fraction"),
    ({"cell": "rnn"}, "cell"),
    ({"loss_at": None}, "loss_at"),
    ({"dropout": 1}, "dropout"),
    ({"input_dropout": 1}, "input_dropout"),
    ({"schedule": "step"}, "schedule"),
    ({"warmup_steps": -1}, "warmup_steps"),
    ({"rate_floor": 1.1}, "rate_floor"),
    ({"clip_norm": 0}, "clip_norm"),
    ({"adam_beta_2": 1}, "adam_beta_2"),
    ({"ema_momentum": 1}, "ema_momentum"),
    ({"calibration": 0.4}, "calibration"),
    ({"weight_decay": -0.1}, "weight_decay"),
    ({"precision": "half"}, "precision"),
    ({"devices": 0}, "devices"),
    ({"devices": 17}, "devices"),
    ({"patience": 2, "validation_fraction": 0}, "patience"),
    ({"sample_temperature": -1}, "sample_temperature"),
    ({"rng_seed": 2**63}, "rng_seed"),
    ({"name": ""}, "name"),
    ({"name": "a\x00b"}, "name"),
    ({"priority": 101}, "priority"),
    ({"colour": "red"}, "colour"),
    ({"\ud800": 1}, ""),
]


@pytest.mark.parametrize(("change", "field"), BAD_TRAINING)
def test_a_training_spec_out_of_range(
    api: Api, training: dict[str, Any], change: dict[str, Any], field: str
) -> None:
    """Each is a 422 naming the field, what was received and what is accepted; no job is made."""
    field_error(api.post("/training-jobs", training | change), field)
    assert ids(api.get("/jobs")) == []


BAD_GENERATION: list[tuple[dict[str, Any], str]] = [
    ({"checkpoint_id": NOWHERE}, "checkpoint_id"),
    ({"checkpoint_id": 5}, "checkpoint_id"),
    ({"temperature": -0.5}, "temperature"),
    ({"temperature": float("nan")}, "temperature"),
    ({"temperature": [0.5, float("nan")]}, "temperature"),
    ({"temperature": []}, "temperature"),
    ({"temperature": "0.5"}, "temperature"),
    ({"length": 0}, "length"),
    ({"count": 101}, "count"),
    ({"context": "none"}, "context"),
    ({"top_p": 0}, "top_p"),
    ({"top_k": 0}, "top_k"),
    ({"stop": "now"}, "stop"),
    ({"prompt": ""}, "prompt"),
    ({"prompt": "x\ud800"}, "prompt"),
    ({"window": 20}, "window"),
]


@pytest.mark.parametrize(("change", "field"), BAD_GENERATION)
def test_a_generation_spec_out_of_range(
    api: Api, generation: dict[str, Any], change: dict[str, Any], field: str
) -> None:
    """Each is a 422 naming the field."""
    field_error(api.post("/generation-jobs", generation | change), field)


def test_every_bad_field_is_named(api: Api, training: dict[str, Any]) -> None:
    """A form can mark all its mistakes at once."""
    answer = api.post("/training-jobs", training | {"epochs": 0, "units": "x", "step": None})
    errors = problem(answer, 422, "invalid_fields")["errors"]
    assert {error["field"] for error in errors} == {"epochs", "units", "step"}


def test_an_error_says_what_was_received_and_is_accepted(
    api: Api, training: dict[str, Any]
) -> None:
    """The caller can mend it without the manual."""
    error = field_error(api.post("/training-jobs", training | {"epochs": "5"}), "epochs")
    assert error["received"] == "5"
    assert error["accepted"] == "a whole number, at least 1, at most 10000"


def test_not_a_number_is_shown_as_text(api: Api, generation: dict[str, Any]) -> None:
    """NaN is no JSON: the answer stays valid."""
    body = generation | {"temperature": float("nan")}
    assert field_error(api.post("/generation-jobs", body), "temperature")["received"] == "NaN"


def test_a_corpus_too_short_for_the_spec(api: Api, db: Database) -> None:
    """422 naming the length and the least length."""
    answer = api.post("/training-jobs", {"corpus_id": make_corpus(db, "abc" * 10).id})
    error = field_error(answer, "corpus_id", "corpus_too_short")
    assert error["received"] == 30
    assert f"at least {TrainingSpec().least_characters()}" in error["accepted"]


def test_a_samples_prompt_of_unknown_characters(api: Api, db: Database) -> None:
    """A run knows the characters of its text, and those of the model that it starts from."""
    start, corpus = make_checkpoint(db), make_corpus(db, "道可道，非常道。" * 30)
    body = {"corpus_id": corpus.id, "preset": "tiny", "sample_prompt": "It was"}
    problem(api.post("/training-jobs", body), 422, "unknown_prompt")
    body["from_checkpoint_id"] = start.id
    assert api.post("/training-jobs", body).status_code == 202


def test_a_prompt_of_unknown_characters(api: Api, generation: dict[str, Any]) -> None:
    """A prompt of which nothing is known is a 422."""
    answer = api.post("/generation-jobs", generation | {"prompt": "道"})
    problem(answer, 422, "unknown_prompt")


@pytest.mark.parametrize("data", [b"", b"{", b"[1,]", b"\xff\xfe", b"[" * 100_000, b"{'a': 1}"])
def test_a_body_that_is_no_json(api: Api, data: bytes) -> None:
    """400, told apart from JSON that is not acceptable."""
    problem(api.post_raw("/training-jobs", data), 400, "malformed_json")


@pytest.mark.parametrize("data", [b"[]", b'"text"', b"null", b"5"])
def test_a_body_that_is_no_object(api: Api, data: bytes) -> None:
    """Other JSON is a 422."""
    error = field_error(api.post_raw("/training-jobs", data), "")
    assert error["accepted"] == "a JSON object"


def test_a_key_that_comes_twice(api: Api) -> None:
    """Which of the two was meant cannot be told."""
    field_error(api.post_raw("/training-jobs", b'{"epochs": 1, "epochs": 2}'), "epochs")


def test_a_body_of_another_type(api: Api) -> None:
    """415, also for a form."""
    answer = api.post_raw("/training-jobs", b"epochs=1", "application/x-www-form-urlencoded")
    problem(answer, 415, "unsupported_media_type")


def test_a_spec_as_large_as_a_text(api: Api) -> None:
    """A spec is small: 413 long before the limit of uploads."""
    problem(api.post_raw("/training-jobs", b" " * (2**21 + 1)), 413, "too_large")


def test_the_same_key_makes_one_job(
    api: Api, training: dict[str, Any], tickets: FakeTickets
) -> None:
    """A submission sent again returns the job of the first time."""
    key = {"Idempotency-Key": "run 1"}
    answers = [api.post("/training-jobs", training, key) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [202, 202]
    assert answers[0].get_json()["id"] == answers[1].get_json()["id"]
    assert answers[0].headers["Location"] == answers[1].headers["Location"]
    assert tickets.sent == ["train"]


def test_a_key_is_not_for_another_body(api: Api, training: dict[str, Any]) -> None:
    """422: the caller mixed something up."""
    key = {"Idempotency-Key": "run 1"}
    api.post("/training-jobs", training, key)
    answer = api.post("/training-jobs", training | {"epochs": 3}, key)
    problem(answer, 422, "idempotency_key_reused")


def test_without_a_key_each_submission_counts(api: Api, training: dict[str, Any]) -> None:
    """Two equal submissions are two jobs."""
    for _ in range(2):
        api.post("/training-jobs", training)
    assert len(ids(api.get("/jobs"))) == 2


def test_the_same_key_at_the_same_time(api: Api, training: dict[str, Any]) -> None:
    """Whoever comes second to the unique key gets the first one's job."""
    app = api.client.application

    def submit(_: int) -> tuple[int, str]:
        mine = Api(app.test_client())
        answer = mine.post("/training-jobs", training, {"Idempotency-Key": "together"})
        return answer.status_code, answer.get_json()["id"]

    with ThreadPoolExecutor(8) as pool:
        answers = set(pool.map(submit, range(16)))
    assert len(answers) == 1
    assert next(iter(answers))[0] == 202


@pytest.mark.parametrize("key", ["", "x" * 256, "é", "a\tb"])
def test_a_key_of_no_use(api: Api, training: dict[str, Any], key: str) -> None:
    """Keys are 1 to 255 printable ASCII characters."""
    answer = api.post("/training-jobs", training, {"Idempotency-Key": key})
    field_error(answer, "Idempotency-Key")
