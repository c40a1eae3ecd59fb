"""What the API answers of schedules and models."""

from datetime import datetime
from typing import Any, Literal, Self

from flask import url_for
from pydantic import Field

from shared.models import models
from shared.pages import Page
from shared.schedules import models as schedules
from web.api.schemas import MADE_BY, Answer, Listed, row_fields
from web.makers import Maker, maker_of


class Schedule(Answer):
    """What is retrained, and when."""

    id: str
    name: str
    enabled: bool
    cron: str
    time_zone: str
    next_due_at: datetime
    next_times: list[datetime] = Field(description="The next five; empty while it is disabled.")
    corpus_id: str
    url: str | None
    cleaning: dict[str, bool]
    model: str
    training: dict[str, Any]
    start_from: Literal["scratch", "promoted", "last"]
    generation: dict[str, Any] | None
    overlap: Literal["skip", "queue", "replace"]
    missed: Literal["newest", "none"]
    notify: list[str]
    created_at: datetime
    created_by: Maker | None = MADE_BY
    links: dict[str, str]

    @classmethod
    def of(cls, row: schedules.Schedule, model: str, notify: list[str], now: datetime) -> Self:
        """Return a schedule as it is told at a time."""
        links = {
            "self": url_for("schedules.show", schedule_id=row.id),
            "runs": url_for("schedules.runs", schedule_id=row.id),
            "model": url_for("models.show", name=model),
        }
        told = {
            "model": model,
            "notify": notify,
            "next_times": row.timing.preview(now) if row.enabled else [],
            "created_by": maker_of(row),
            "links": links,
        }
        return cls(**row_fields(row, cls, *told), **told)


class SchedulePage(Listed):
    """Schedules, newest first."""

    data: list[Schedule]


class ScheduleRun(Answer):
    """What became of one time at which a schedule was due."""

    id: str
    schedule_id: str
    due_at: datetime
    by_hand: bool
    status: Literal["waiting", "due", "running", "succeeded", "failed", "cancelled", "skipped"]
    reason: str = Field(description="Why it was skipped, failed, or what was decided.")
    corpus_version_id: str | None
    job_id: str | None
    generation_job_id: str | None
    created_at: datetime
    ended_at: datetime | None


class RunPage(Listed):
    """Runs, oldest first."""

    data: list[ScheduleRun]


class Decision(Answer):
    """One line of a model's history."""

    id: str
    checkpoint_id: str | None
    action: Literal["promoted", "kept", "rolled_back"]
    reason: str
    by_hand: bool
    bits_per_character: float | None
    promoted_bits_per_character: float | None = Field(
        description="Of the checkpoint that was promoted then, on the same text."
    )
    longest_copy: int | None
    copied_share: float | None
    created_at: datetime


class Model(Answer):
    """A name with a promoted checkpoint."""

    id: str
    name: str
    checkpoint_id: str | None
    margin: float
    most_copied: float
    created_at: datetime
    links: dict[str, str]

    @classmethod
    def of(cls, row: models.NamedModel) -> Self:
        """Return a model as it is told."""
        views = {"self": "show", "history": "history", "text": "output_txt", "model": "model_keras"}
        links = {name: url_for(f"models.{view}", name=row.name) for name, view in views.items()}
        return cls(**row_fields(row, cls, "links"), links=links)


class ModelPage(Listed):
    """Models, oldest first."""

    data: list[Model]

    @classmethod
    def of(cls, rows: Page[models.NamedModel]) -> Self:
        """Return a page of models."""
        return cls(data=[Model.of(row) for row in rows.data], has_more=rows.has_more)


class DecisionPage(Listed):
    """A model's history, oldest first."""

    data: list[Decision]
