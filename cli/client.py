"""A small client of the API."""

from pathlib import Path
from types import TracebackType
from typing import Any, Self

import httpx

from shared.errors import InternalError, UserError

Json = dict[str, Any]
MOST_ROWS = 1000


class Client:
    """Talks to one installation. Every call raises ``UserError`` with the answer's reason when it
    is refused, ``InternalError`` when the server fails or cannot be reached."""

    def __init__(self, url: str, token: str, seconds: float = 60):
        # No proxy of the environment's: the stack is on this machine.
        self._http = httpx.Client(
            base_url=f"{url}/api/v1",
            headers={"Authorization": f"Bearer {token}"},
            timeout=seconds,
            trust_env=False,
        )

    def __enter__(self) -> Self:
        """Return the client."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        """Close the connections."""
        self._http.close()

    def get(self, path: str, **params: Any) -> Json:
        """Return what ``path`` of the API answers."""
        return self._send("GET", path, params=params)

    def post(self, path: str, body: Json | None = None) -> Json:
        """Send a body to ``path`` of the API; return the answer."""
        return self._send("POST", path, json=body)

    def add_corpus(self, name: str, **source: Any) -> Json:
        """Add a corpus from ``text=`` or ``builtin=``."""
        return self._send("POST", "/corpora", json={"name": name, **source})

    def upload(self, name: str, path: Path) -> Json:
        """Add a corpus from a file."""
        with path.open("rb") as file:
            return self._send("POST", "/corpora", data={"name": name}, files={"file": file})

    def train(self, corpus_id: str, **fields: Any) -> Json:
        """Submit a training job."""
        return self._send("POST", "/training-jobs", json={"corpus_id": corpus_id, **fields})

    def generate(self, checkpoint_id: str, **fields: Any) -> Json:
        """Submit a generation job."""
        body = {"checkpoint_id": checkpoint_id, **fields}
        return self._send("POST", "/generation-jobs", json=body)

    def job(self, job_id: str) -> Json:
        """Return a job."""
        return self._send("GET", f"/jobs/{job_id}")

    def rows(self, job_id: str, what: str) -> list[Json]:
        """Return a job's ``epochs``, ``samples``, ``checkpoints``, ``outputs`` or ``events``."""
        found: list[Json] = []
        page: Json = {"has_more": True}
        while page["has_more"]:
            after = {"after": _key(found[-1])} if found else {}
            params = {"limit": MOST_ROWS} | after
            page = self._send("GET", f"/jobs/{job_id}/{what}", params=params)
            found += page["data"]
        return found

    def best_checkpoint(self, job_id: str) -> Json:
        """Return the checkpoint of the lowest validation loss. Raises ``UserError``."""
        for checkpoint in self.rows(job_id, "checkpoints"):
            if checkpoint["best"]:
                return checkpoint
        raise UserError(f"job {job_id} has no checkpoint yet")

    def download(self, path: str, target: Path) -> None:
        """Write what ``path`` of the API answers to a file."""
        try:
            with self._http.stream("GET", path) as response, target.open("wb") as file:
                if response.is_error:
                    response.read()
                    _refuse(response)
                for piece in response.iter_bytes():
                    file.write(piece)
        except httpx.HTTPError as error:
            raise InternalError(f"{self._http.base_url}{path}: {error}") from error

    def _send(self, method: str, path: str, **how: Any) -> Json:
        try:
            response = self._http.request(method, path, **how)
        except httpx.HTTPError as error:
            raise InternalError(f"{self._http.base_url}{path}: {error}") from error
        if response.is_error:
            _refuse(response)
        answer: Json = response.json()
        return answer


def _key(row: Json) -> Any:
    """Return what a list's next page begins behind: an id, or the number of an event or epoch."""
    return next(row[name] for name in ("id", "seq", "epoch") if name in row)


def _refuse(response: httpx.Response) -> None:
    """Raise what the answer, problem details as a rule, says."""
    try:
        problem = response.json()
        fields = [f"{item['field']}: {item['message']}" for item in problem.get("errors", [])]
        text = "; ".join([problem["detail"], *fields])
    except (ValueError, KeyError, TypeError, AttributeError):
        text = f"the server answered {response.status_code}"
    raise (InternalError if response.is_server_error else UserError)(text)
