"""Who may use the API."""

from pathlib import Path

import pytest

from tests.integration.api.client import Api, problem
from tests.integration.api.conftest import MakeApi

WRONG = ["", "Bearer", "Bearer wrong", "Basic dGVzdC10b2tlbg==", "test-token", "Bearer t\xe9st"]


@pytest.mark.parametrize("header", WRONG)
def test_refuses_anything_but_the_token(api: Api, header: str) -> None:
    """A missing, wrong or otherwise sent token is a 401 that names the scheme."""
    answer = api.get("/jobs", headers={"Authorization": header})
    problem(answer, 401, "unauthorized")
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")


def test_takes_the_token_in_any_spelling_of_the_scheme(api: Api) -> None:
    """RFC 9110: the scheme's case does not matter."""
    assert api.get("/jobs", headers={"Authorization": "bearer test-token"}).status_code == 200


def test_an_unknown_path_is_closed_too(api: Api) -> None:
    """Without the token nothing can be learned of which paths there are."""
    problem(api.client.get("/api/v1/nothing"), 401, "unauthorized")


def test_without_a_configured_token_nothing_is_allowed(make_api: MakeApi) -> None:
    """No token of the installation is not an open door."""
    problem(make_api(token=None).get("/jobs"), 401, "unauthorized")


def test_takes_the_token_of_a_file(make_api: MakeApi, tmp_path: Path) -> None:
    """The file's token counts, without its line end."""
    (tmp_path / "token").write_text("from-a-file\n")
    api = make_api(token=None, token_file=tmp_path / "token")
    problem(api.get("/jobs"), 401, "unauthorized")
    sent = {"Authorization": "Bearer from-a-file"}
    assert api.get("/jobs", headers=sent).status_code == 200


def test_a_missing_token_file_is_our_fault(make_api: MakeApi, tmp_path: Path) -> None:
    """A broken installation answers 500 and does not tell its paths."""
    answer = make_api(token=None, token_file=tmp_path / "gone").get("/jobs")
    assert str(tmp_path) not in problem(answer, 500, "internal")["detail"]


def test_the_document_is_open(api: Api) -> None:
    """A client can read the API's description before it has a token."""
    assert api.client.get("/api/v1/openapi.json").status_code == 200
