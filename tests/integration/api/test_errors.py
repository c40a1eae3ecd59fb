"""Errors that no view raises on purpose."""

from pathlib import Path
from typing import Any

import pytest

from tests.integration.api.client import Api, problem
from tests.integration.api.conftest import MakeApi


def test_a_path_that_is_not_there(api: Api) -> None:
    """404 as a problem, with the path."""
    assert "/api/v1/nothing" in problem(api.get("/nothing"), 404, "not_found")["detail"]


def test_a_method_that_is_not_there(api: Api) -> None:
    """405 with Allow, naming what is possible."""
    answer = api.delete("/jobs")
    assert "GET" in problem(answer, 405, "method_not_allowed")["detail"]
    assert "GET" in answer.headers["Allow"]


def test_a_host_that_is_not_ours(api: Api) -> None:
    """400: a page of another site that points its name at us gets nothing."""
    problem(api.get("/jobs", {"Host": "evil.example"}), 400, "bad_request")


UNREACHABLE = ["sqlite:////nowhere/charloom.db", "postgresql://nobody@127.0.0.1:1/nothing"]


@pytest.mark.parametrize("url", UNREACHABLE)
def test_the_database_is_down(make_api: MakeApi, url: str) -> None:
    """503 with Retry-After, and no word of where the database is."""
    answer = make_api(database_url=url).get("/jobs")
    detail = problem(answer, 503, "database_unavailable")["detail"]
    assert int(answer.headers["Retry-After"]) > 0
    assert "127.0.0.1" not in detail


def test_an_unexpected_error_tells_only_its_id(
    api: Api, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The id stands in the answer and in the log; the reason only in the log."""

    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("a secret")

    monkeypatch.setattr("web.api.jobs.list_jobs", broken)
    answer = api.get("/jobs")
    error_id = problem(answer, 500, "internal")["error_id"]
    assert "secret" not in answer.text
    assert error_id in caplog.text


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/training-jobs", {"corpus_id": "x" * 500_000}),
        ("/generation-jobs", {"checkpoint_id": "x" * 500_000, "length": 10}),
        ("/schedules", {"name": "often", "cron": "x" * 500_000, "corpus_id": "x", "training": {}}),
        ("/training-jobs", {"x" * 500_000: 1}),
    ],
)
def test_an_answer_is_small_for_a_large_mistake(api: Api, path: str, body: Any) -> None:
    """It says what was received, and does not send all of it back."""
    answer = api.post(path, body)
    assert problem(answer, 422, "invalid_fields")["errors"]
    assert len(answer.data) < 5_000


def test_outside_the_api_errors_are_pages(api: Api) -> None:
    """A browser gets HTML with the same status."""
    answer = api.client.get("/nothing-of-the-kind")
    assert (answer.status_code, answer.mimetype) == (404, "text/html")


def test_a_path_is_shown_as_text(api: Api) -> None:
    """What the address holds never becomes markup."""
    assert "<script>alert" not in api.client.get("/<script>alert(1)</script>").text


def test_outside_the_api_a_lost_database_is_a_page(make_api: MakeApi, tmp_path: Path) -> None:
    """``/readyz`` keeps its own answer."""
    api = make_api(database_url=f"sqlite:///{tmp_path}/none/charloom.db")
    assert api.client.get("/readyz").status_code == 503
