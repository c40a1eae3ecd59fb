"""Importing a model by the API: what is taken, and what is refused at once."""

import io
import json
from typing import Any

import pytest
from werkzeug.datastructures import FileStorage
from werkzeug.test import TestResponse, encode_multipart

from shared.db import Database
from shared.settings import Settings
from tests.integration.api.client import Api, field_error, problem
from tests.integration.api.conftest import MakeApi
from tests.support.factories import make_import, make_imported, make_team
from tests.support.model_files import VOCABULARY, bundle_file, model_file
from tests.support.nodes import make_node
from worker.runners import work

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def send(api: Api, key: str | None = None, **parts: Any) -> TestResponse:
    """Send a form; bytes are files."""
    form = {name: (io.BytesIO(part), f"{name}.keras") if isinstance(part, bytes) else part
            for name, part in parts.items()}  # fmt: skip
    headers = {"Authorization": "Bearer test-token"} | ({"Idempotency-Key": key} if key else {})
    return api.client.post("/api/v1/checkpoints", data=form, headers=headers,
                           content_type="multipart/form-data")  # fmt: skip


def test_a_bundle_becomes_a_checkpoint(api: Api, db: Database, settings: Settings) -> None:
    """By a job of its own kind: the very bundle that is downloaded."""
    ours = make_imported(db, model_file(), VOCABULARY, window=10, units=3)
    bundle = api.get(f"/checkpoints/{ours.id}/bundle.zip").data
    answer = send(api, file=bundle, name="theirs")
    assert answer.status_code == 202, answer.text
    job = answer.get_json()
    assert (job["kind"], job["name"], job["status"]) == ("import", "theirs", "queued")
    assert job["corpus_version_id"] is None
    assert answer.headers["Location"] == job["links"]["self"]
    work(make_node(db, settings), "generate")
    assert api.get(job["links"]["self"]).get_json()["status"] == "succeeded"
    (row,) = api.get(job["links"]["checkpoints"]).get_json()["data"]
    assert (row["loss"], row["val_loss"], row["best"], row["epoch"]) == (None, None, True, 0)
    listed = api.get("/jobs?kind=import").get_json()["data"]
    assert [one["name"] for one in listed] == ["theirs", "theirs.keras"]


@pytest.mark.parametrize(
    "sent",
    [
        {"characters": VOCABULARY},
        {"vocabulary": VOCABULARY.encode()},
        {"vocabulary": json.dumps(list(VOCABULARY)).encode()},
        {"vocabulary": json.dumps({one: n for n, one in enumerate(VOCABULARY)}).encode()},
    ],
    ids=["a field", "a text", "a list", "an object"],
)
def test_characters_come_in_every_form(api: Api, sent: dict[str, Any]) -> None:
    """They are the job's, in the model's order."""
    answer = send(api, file=model_file(), **sent)
    assert answer.status_code == 202, answer.text
    assert answer.get_json()["spec"]["vocabulary"] == VOCABULARY


@pytest.mark.parametrize(
    ("vocabulary", "why"),
    [
        (b"a", "1 characters"),
        (b"\xff\xfe", "not UTF-8"),
        (b'["a", "a"]', "each character once"),
        (b'["a", "bc"]', "one character"),
        (b'["a", 7]', "one character"),
        (b'["a", "\\ud800"]', "surrogate"),
        (b'["a", "\\u0000"]', "NUL"),
        (b'{"a": 0, "b": 2}', "0 to 1 once"),
        (b'{"a": 0, "b": 0}', "0 to 1 once"),
        (b'{"a": 0, "b": true}', "0 to 1 once"),
        (b"[" * 100_000, "100000 characters"),
        (json.dumps([chr(0x10000 + n) for n in range(70_000)]).encode(), "70000 characters"),
        (b"x" * 3_000_000, "bytes"),
    ],
)
def test_what_are_no_characters(api: Api, db: Database, vocabulary: bytes, why: str) -> None:
    """They are refused at once, and nothing is stored."""
    # Encoded here: the client's own encoder leaves a temporary file open.
    files = {"file": FileStorage(io.BytesIO(model_file()), "m.keras"),
             "vocabulary": FileStorage(io.BytesIO(vocabulary), "v.json")}  # fmt: skip
    boundary, data = encode_multipart(files)
    answer = api.post_raw("/checkpoints", data, f"multipart/form-data; boundary={boundary}")
    (error,) = problem(answer, 422, "vocabulary_refused")["errors"]
    assert error["field"] == "vocabulary"
    assert why in error["message"]
    assert api.get("/jobs").get_json()["data"] == []


def test_what_is_no_import(api: Api) -> None:
    """A form with one file, and no other parts than there are."""
    field_error(send(api, name="x"), "file")
    field_error(send(api, file=model_file(), more="x"), "more")
    field_error(send(api, file=model_file(), more=b"x"), "more")
    field_error(send(api, file=model_file(), name="\n"), "name")
    twice = send(api, file=model_file(), characters="ab", vocabulary=b"ab")
    field_error(twice, "vocabulary")
    problem(api.post("/checkpoints", {"file": "x"}), 415, "unsupported_media_type")


def test_a_file_that_is_too_large(make_api: MakeApi) -> None:
    """Is not read to its end."""
    api = make_api(max_upload_bytes=1000)
    problem(send(api, file=bundle_file()), 413, "too_large")


def test_the_same_key_is_the_same_import(api: Api) -> None:
    """Another file with it is refused."""
    first, second = (send(api, "k", file=bundle_file()).get_json()["id"] for _ in range(2))
    assert first == second
    problem(send(api, "k", file=model_file()), 422, "idempotency_key_reused")


def test_another_teams_import_is_nobodys(api: Api, db: Database) -> None:
    """It is not in lists, and not found by its id."""
    job = make_import(db, bundle_file(), team_id=make_team(db))
    assert api.get("/jobs?kind=import").get_json()["data"] == []
    problem(api.get(f"/jobs/{job.id}"), 404, "not_found")
    problem(api.get(f"/jobs/{job.id}/checkpoints"), 404, "not_found")


def test_a_path_in_a_files_name_is_no_path(api: Api) -> None:
    """Of the name only the last part is shown."""
    form = {"file": (io.BytesIO(bundle_file()), "../../etc/\u202epass\u0085wd.zip")}
    answer = api.client.post("/api/v1/checkpoints", data=form,
                             headers={"Authorization": "Bearer test-token"})  # fmt: skip
    assert answer.status_code == 202
    assert answer.get_json()["name"] == "passwd.zip"


def test_a_failed_import_is_not_retried(api: Api, db: Database, settings: Settings) -> None:
    """Its file is gone; the job says what was wrong with it."""
    job = send(api, file=b"no model").get_json()
    work(make_node(db, settings), "generate")
    told = api.get(job["links"]["self"]).get_json()
    assert told["error"]["code"] == "not_a_model"
    problem(api.post(f"/jobs/{job['id']}/retry"), 409, "move_refused")
