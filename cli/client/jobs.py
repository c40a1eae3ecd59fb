"""Jobs: submit, list, show, move, follow; and what they leave."""

import time
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

from cli.client.base import Nouns, at, checked, sent
from cli.client.connection import KEY_HEADER, Json
from cli.client.events import ENDED, Following, changed
from cli.errors import ServerFailed
from shared.errors import UserError
from shared.jobs.requests import GenerationRequest, TrainingRequest

POLL_SECONDS, LONGEST_POLL = 0.5, 5.0


class Jobs(Nouns):
    """The jobs of an installation, and their checkpoints."""

    def train(self, corpus: str | TrainingRequest, **fields: Any) -> Json:
        """Submit a training job: a corpus' id and the request's other fields, or a request.

        Raises ``InvalidFields`` before anything is sent.
        """
        if isinstance(corpus, str):
            corpus = checked(TrainingRequest, {"corpus_id": corpus, **fields})
        return self._submit("/training-jobs", sent(corpus))

    def generate(self, checkpoint: str | GenerationRequest | None = None, **fields: Any) -> Json:
        """Submit a generation job: a checkpoint's id (or ``model=``) and the request's other
        fields, or a request.

        Raises ``InvalidFields`` before anything is sent.
        """
        if not isinstance(checkpoint, GenerationRequest):
            named = {} if checkpoint is None else {"checkpoint_id": checkpoint}
            checkpoint = checked(GenerationRequest, named | fields)
        return self._submit("/generation-jobs", sent(checkpoint))

    def jobs(
        self, kind: str | None = None, status: str | None = None, limit: int | None = None
    ) -> Iterator[Json]:
        """Yield the jobs, newest first: of a kind, of a status, or all."""
        return self.listed("/jobs", limit, kind=kind, status=status)

    def job(self, job_id: str) -> Json:
        """Return a job."""
        job = self.get(at("jobs", job_id))
        if job.get("id") != job_id:
            raise ServerFailed(f"this server answers with no job {job_id}: it is no charloom")
        return job

    def move(self, job_id: str, move: str) -> Json:
        """Make a move, ``cancel``, ``pause``, ``resume`` or ``retry``; return the job."""
        return self.post(at("jobs", job_id, move))

    def cancel(self, job_id: str) -> Json:
        """Cancel a job; a running one ends when its worker has stopped."""
        return self.move(job_id, "cancel")

    def pause(self, job_id: str) -> Json:
        """Pause a job; a running one when its state is saved."""
        return self.move(job_id, "pause")

    def resume(self, job_id: str) -> Json:
        """Queue a paused job again."""
        return self.move(job_id, "resume")

    def retry(self, job_id: str) -> Json:
        """Queue a failed or cancelled job again."""
        return self.move(job_id, "retry")

    def delete_job(self, job_id: str) -> None:
        """Delete an ended job with all it left."""
        self.delete(at("jobs", job_id))

    def rows(self, job_id: str, what: str, **filters: Any) -> list[Json]:
        """Return a job's ``epochs``, ``samples``, ``checkpoints``, ``outputs`` or ``events``.

        ``filters``: of samples, ``starred``.
        """
        return list(self.listed(at("jobs", job_id, what), **filters))

    def star(self, sample_id: str, starred: bool = True) -> None:
        """Star a sample, or take its star away."""
        (self.put if starred else self.delete)(at("samples", sample_id, "star"))

    def checkpoint(self, checkpoint_id: str) -> Json:
        """Return a checkpoint."""
        return self.get(at("checkpoints", checkpoint_id))

    def best_checkpoint(self, job_id: str) -> Json:
        """Return the checkpoint of the lowest validation loss. Raises ``UserError``."""
        for checkpoint in self.rows(job_id, "checkpoints"):
            if checkpoint["best"]:
                return checkpoint
        raise UserError(f"job {job_id} has no checkpoint yet")

    def wait(self, job_id: str, seconds: float | None = None) -> Json:
        """Return the job when it has ended, however it did.

        Raises ``TimeoutError`` when that takes over ``seconds``; the job goes on.
        """
        deadline = None if seconds is None else time.monotonic() + seconds
        pause, job, tag = POLL_SECONDS, Json(), ""
        while True:
            news, tag = changed(self._connection, at("jobs", job_id), tag)
            job = news or job
            if job["status"] in ENDED:
                return job
            if deadline is not None and time.monotonic() + pause > deadline:
                raise TimeoutError(f"job {job_id} is still {job['status']} after {seconds:g} s")
            self._connection.sleep(pause)
            pause = min(pause * 1.2, LONGEST_POLL)

    def follow(self, job_id: str, after: int = 0) -> Iterator[Json]:
        """Yield the job's events, those behind number ``after``, until it has ended.

        Each has ``seq``, ``type``, ``created_at`` and ``data``. Without ``seq`` come ``progress``,
        whose data is the job's progress, and perhaps ``sample_text``, what the sample of an epoch
        at a temperature goes on with while it is written. A connection that breaks is made again.
        """
        return iter(Following(self._connection, at("jobs", job_id), after))

    def _submit(self, path: str, body: Json) -> Json:
        # With a key the same job comes back, however often the request is sent again.
        headers = {KEY_HEADER: str(uuid4())}
        return self._connection.json("POST", path, json=body, headers=headers)
