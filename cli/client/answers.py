"""Questions that a worker answers while the caller waits."""

from typing import Any

from cli.client.base import at, checked, sent
from cli.client.connection import Json
from cli.client.jobs import Jobs
from cli.errors import JobEnded
from shared.jobs.requests import ScoreBody, VerifyRequest


class Answers(Jobs):
    """Scores and verified receipts. Each raises ``InvalidFields`` before anything is sent, and
    ``JobEnded`` where a job that took long came to nothing."""

    def score(self, checkpoint_id: str, text: str, **fields: Any) -> Json:
        """Return how likely a checkpoint finds each character of a text."""
        body = checked(ScoreBody, {"text": text, **fields})
        return self._answer(at("checkpoints", checkpoint_id, "score"), sent(body))

    def verify(self, receipt: Json, text: str | None = None) -> Json:
        """Return what came of writing a receipt's text again, and of comparing it."""
        body = {"receipt": receipt} | ({} if text is None else {"text": text})
        return self._answer("/receipts/verify", sent(checked(VerifyRequest, body)))

    def _answer(self, path: str, body: Json) -> Json:
        found = self._submit(path, body)
        if "status" not in found:
            return found
        job = self.wait(found["id"])
        if job["status"] != "succeeded":
            error = job["error"] or {"message": "it did not finish"}
            raise JobEnded(f"job {job['id']} {job['status']}: {error['message']}")
        return self.get(at("jobs", job["id"], "result"))
