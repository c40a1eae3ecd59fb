"""A client of the API that carries the token, and what the tests say with it."""

import io
from typing import Any

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

TOKEN = "test-token"
PREFIX = "/api/v1"


class Api:
    """Calls the API under its prefix with the right token."""

    def __init__(self, client: FlaskClient):
        self.client = client

    def get(self, path: str, headers: dict[str, str] | None = None) -> TestResponse:
        """GET ``path``."""
        return self._call("GET", path, headers)

    def head(self, path: str, headers: dict[str, str] | None = None) -> TestResponse:
        """HEAD ``path``."""
        return self._call("HEAD", path, headers)

    def patch(self, path: str, body: Any) -> TestResponse:
        """PATCH with ``body`` as JSON."""
        return self._call("PATCH", path, json=body)

    def put(self, path: str, body: Any = None) -> TestResponse:
        """PUT ``body`` as JSON, or nothing."""
        return self._call("PUT", path, **({} if body is None else {"json": body}))

    def delete(self, path: str) -> TestResponse:
        """DELETE ``path``."""
        return self._call("DELETE", path)

    def post(
        self, path: str, body: Any = None, headers: dict[str, str] | None = None
    ) -> TestResponse:
        """POST ``body`` as JSON."""
        return self._call("POST", path, headers, json=body)

    def post_raw(self, path: str, data: bytes, mimetype: str = "application/json") -> TestResponse:
        """POST bytes as they are."""
        return self._call("POST", path, data=data, content_type=mimetype)

    def upload(
        self, path: str, data: bytes, file_name: str = "a.txt", **fields: str
    ) -> TestResponse:
        """POST a file in a form."""
        form = {"file": (io.BytesIO(data), file_name)} | fields
        return self._call("POST", path, data=form, content_type="multipart/form-data")

    def _call(
        self, method: str, path: str, headers: dict[str, str] | None = None, **options: Any
    ) -> TestResponse:
        path = path if path.startswith(PREFIX) else PREFIX + path
        sent = {"Authorization": f"Bearer {TOKEN}"} | (headers or {})
        return self.client.open(path, method=method, headers=sent, **options)


def problem(answer: TestResponse, status: int, code: str) -> dict[str, Any]:
    """Return a problem after a look at what every problem must be."""
    assert answer.status_code == status, answer.text
    assert answer.mimetype == "application/problem+json"
    found: dict[str, Any] = answer.get_json()
    assert (found["status"], found["code"]) == (status, code), found
    assert found["title"]
    assert found["detail"]
    return found


def field_error(answer: TestResponse, field: str, code: str = "invalid_fields") -> dict[str, Any]:
    """Return the one field error of a 422, which must be of ``field``."""
    errors = problem(answer, 422, code)["errors"]
    assert [error["field"] for error in errors] == [field], errors
    found: dict[str, Any] = errors[0]
    assert found["message"]
    assert found["accepted"]
    return found


def ids(answer: TestResponse) -> list[str]:
    """Return the ids of a list's rows."""
    assert answer.status_code == 200, answer.text
    return [row["id"] for row in answer.get_json()["data"]]
