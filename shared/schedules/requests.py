"""What a schedule is made from, validated."""

from typing import Annotated, Literal

from pydantic import Field

from shared.fields import Name, Reference, Spec
from shared.jobs.requests import GenerationPlan, TrainingPlan

MOST_URL = 2000


class ScheduleRequest(Spec):
    """A schedule: when, what is retrained, what it starts from, what is written afterwards."""

    name: Name = Field(description="What the schedule is called.")
    cron: str = Field(
        min_length=1,
        description="Minute, hour, day of the month, month, day of the week; or hourly, nightly, "
        "weekly.",
    )
    time_zone: str = Field("UTC", description="In which the line is read, as Europe/Berlin.")
    corpus_id: Reference = Field(description="The corpus whose newest version is trained on.")
    url: Annotated[str, Field(min_length=1, max_length=MOST_URL)] | None = Field(
        None, description="Where the text is fetched from anew each time. Empty: nowhere."
    )
    lowercase: bool = Field(False, description="Make all letters of a fetched text lower case.")
    nfc: bool = Field(False, description="Compose characters of a fetched text: Unicode NFC.")
    squeeze: bool = Field(False, description="One space for each row of blanks of a fetched text.")
    model: Name = Field(description="The name of the model that the runs are candidates for.")
    training: TrainingPlan = Field(
        default=TrainingPlan(preset="fast"), description="A preset, and fields of the spec over it."
    )
    start_from: Literal["scratch", "promoted", "last"] = Field(
        "promoted",
        description="The weights a run starts from: none, the promoted checkpoint's, or those of "
        "the last run that ended well. The first run always starts from scratch.",
    )
    generation: GenerationPlan | None = Field(
        None, description="What is written with a checkpoint that was promoted. Empty: nothing."
    )
    overlap: Literal["skip", "queue", "replace"] = Field(
        "skip",
        description="What a run does that is due while the one before goes on: not take place, "
        "wait for its end, or have it cancelled.",
    )
    missed: Literal["newest", "none"] = Field(
        "newest",
        description="Of the times that nobody kept, as while the service was down: make up for "
        "the newest, or for none.",
    )
    notify: Annotated[list[Reference], Field(max_length=5)] = Field(
        default=[], description="The ids of the receivers that are told what comes of its runs."
    )
    enabled: bool = Field(True, description="Whether it fires.")

    def cleaning(self) -> dict[str, bool]:
        """Return what is asked of the cleaning."""
        return {"lowercase": self.lowercase, "nfc": self.nfc, "squeeze": self.squeeze}
