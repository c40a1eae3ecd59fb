"""What the API answers of texts that models wrote."""

from datetime import datetime
from typing import Any, Self

from flask import url_for
from pydantic import Field

from shared.jobs import models as jobs
from shared.jobs.records import INLINE_BYTES
from shared.pages import Page
from web.api.schemas import Answer, Listed, row_fields


class Stretch(Answer):
    """A stretch that the corpus has, too: its places count characters, from 0."""

    start: int = Field(description="Where it begins in the text.")
    length: int
    at: int = Field(description="Where it stands in the corpus version, once at least.")


class Copying(Answer):
    """What of a text stands word for word in the corpus version that the model was trained on."""

    characters: int = Field(description="How many were looked through: all of them.")
    longest: int = Field(description="The longest stretch that the corpus has, too.")
    copied: int = Field(description="Characters in stretches of over 40.")
    share: float = Field(description="The copied ones of all, from 0 to 1.")
    found: int = Field(description="Stretches of over 40 characters.")
    stretches: list[Stretch] = Field(description="The 100 longest of these, in the text's order.")


class Sample(Answer):
    """Text drawn after an epoch, one at each temperature."""

    id: str
    job_id: str
    epoch: int
    temperature: float
    prompt: str
    text: str
    rng_seed: int
    copying: Copying | None = Field(description="Null where nobody looked.")
    starred: bool = Field(description="Whether a reader marked it.")
    created_at: datetime


class SamplePage(Listed):
    """Samples, oldest first."""

    data: list[Sample]


class Output(Answer):
    """Text drawn by a generation job."""

    id: str
    job_id: str
    number: int
    temperature: float
    prompt: str
    prompt_report: dict[str, Any]
    text: str | None = Field(description="Null beyond 64 KiB: then links.text has it.")
    characters: int
    rng_seed: int
    finish_reason: str
    copying: Copying | None = Field(description="Null where nobody looked.")
    receipt: dict[str, Any] | None = Field(
        description="A `Receipt`: all that it takes to write the text again. Null of texts from "
        "before there were any."
    )
    created_at: datetime
    links: dict[str, str]

    @classmethod
    def of(cls, row: jobs.Output) -> Self:
        """Return an output as it is told: long texts only by their address."""
        short = row.text is not None and len(row.text.encode()) <= INLINE_BYTES
        link = url_for("records.output_txt", job_id=row.job_id, number=row.number)
        fields = row_fields(row, cls, "links", "text")
        return cls(**fields, text=row.text if short else None, links={"text": link})


class OutputPage(Listed):
    """Outputs, oldest first."""

    data: list[Output]

    @classmethod
    def of(cls, rows: Page[jobs.Output]) -> Self:
        """Return a page of outputs."""
        return cls(data=[Output.of(row) for row in rows.data], has_more=rows.has_more)
