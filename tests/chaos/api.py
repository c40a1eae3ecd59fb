"""The API as a patient caller uses it: each submission has a key and is sent until it is taken."""

import time
from typing import Any, Self

import httpx

Json = dict[str, Any]
RETRY_SECONDS = 0.3
PATIENCE = 120.0


class Api:
    """Talks to one stack; close it. One thread an instance."""

    def __init__(self, url: str, token: str):
        self._http = httpx.Client(
            base_url=f"{url}/api/v1",
            headers={"Authorization": f"Bearer {token}"},
            timeout=8,
            trust_env=False,
        )

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the connections."""
        self._http.close()

    def submit(self, path: str, key: str, body: Json) -> Json:
        """Submit a job until the answer comes. Raises ``AssertionError`` for a refusal."""
        deadline = time.monotonic() + PATIENCE
        while True:
            response = self._post(path, body, {"Idempotency-Key": key})
            if response is not None and response.status_code < 500:
                assert response.status_code == 202, response.text
                job: Json = response.json()
                return job
            assert time.monotonic() < deadline, f"{path} took nothing for {PATIENCE} s"
            time.sleep(RETRY_SECONDS)

    def move(self, job_id: str, move: str) -> bool | None:
        """Ask for a move; tell whether it was taken, or None when no answer came."""
        response = self._post(f"/jobs/{job_id}/{move}", None, {})
        if response is None or response.status_code >= 500:
            return None
        assert response.status_code in (200, 409), response.text
        return response.status_code == 200

    def _post(self, path: str, body: Json | None, headers: dict[str, str]) -> httpx.Response | None:
        try:
            return self._http.post(path, json=body, headers=headers)
        except httpx.HTTPError:
            return None
