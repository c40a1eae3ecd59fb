"""Schedules and models."""

from collections.abc import Iterator
from typing import Any

from cli.client.base import Nouns, at, checked, given, sent
from cli.client.connection import Json
from shared.schedules.requests import ScheduleRequest

# What stands for the fields of a schedule that a change leaves as they are.
KEPT = {"name": "-", "cron": "-", "corpus_id": "-", "model": "-"}


class Retraining(Nouns):
    """The schedules and models of an installation."""

    def schedules(self, limit: int | None = None) -> Iterator[Json]:
        """Yield the schedules, newest first."""
        return self.listed("/schedules", limit)

    def schedule(self, schedule_id: str) -> Json:
        """Return a schedule with its next five times."""
        return self.get(at("schedules", schedule_id))

    def add_schedule(self, request: ScheduleRequest | None = None, **fields: Any) -> Json:
        """Add a schedule: a request, or its fields. Raises ``InvalidFields``."""
        return self.post("/schedules", sent(request or checked(ScheduleRequest, fields)))

    def change_schedule(self, schedule_id: str, **fields: Any) -> Json:
        """Change fields of a schedule; the others stay. Raises ``InvalidFields``."""
        body = sent(checked(ScheduleRequest, KEPT | fields))
        changes = {name: value for name, value in body.items() if name in fields}
        return self.patch(at("schedules", schedule_id), changes)

    def delete_schedule(self, schedule_id: str) -> None:
        """Delete a schedule and its history; its jobs and its model stay."""
        self.delete(at("schedules", schedule_id))

    def run_schedule(self, schedule_id: str) -> Json:
        """Run a schedule now; return the run."""
        return self.post(at("schedules", schedule_id, "run"))

    def runs(self, schedule_id: str) -> Iterator[Json]:
        """Yield what became of each time of a schedule, oldest first."""
        return self.listed(at("schedules", schedule_id, "runs"))

    def models(self, limit: int | None = None) -> Iterator[Json]:
        """Yield the models, oldest first."""
        return self.listed("/models", limit)

    def model(self, name: str) -> Json:
        """Return a model."""
        return self.get(at("models", name))

    def change_model(self, name: str, **policy: float) -> Json:
        """Change what a candidate must do to be promoted: ``margin=``, ``most_copied=``."""
        return self.patch(at("models", name), policy)

    def history(self, name: str) -> Iterator[Json]:
        """Yield what was decided about a model's checkpoints, oldest first."""
        return self.listed(at("models", name, "history"))

    def promote(self, name: str, checkpoint_id: str, reason: str | None = None) -> Json:
        """Make a checkpoint the model's; a new name makes a new model."""
        body = {"checkpoint_id": checkpoint_id, "reason": reason}
        return self.post(at("models", name, "promote"), given(body))

    def roll_back(self, name: str, reason: str | None = None) -> Json:
        """Make the checkpoint the model's again that was promoted before."""
        return self.post(at("models", name, "rollback"), given({"reason": reason}))
