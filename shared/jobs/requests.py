"""What jobs are made from: a spec, and whatever else a submission says, validated."""

from typing import Annotated, ClassVar, Literal

from pydantic import ConfigDict, Field

from shared.fields import Id, Name, Reference, Spec, Text, one_of
from shared.nodes.needs import NodeNeeds
from shared.receipts import Receipt
from shared.specs import GenerationSpec, TrainingSpec, training_spec

# What can be scored while somebody waits; and texts that are compared as they come: longer ones
# are compared where they are stored.
MOST_SCORED, MOST_COMPARED = 10_000, 200_000

Notify = Annotated[
    list[Reference],
    Field(max_length=5, description="The ids of the receivers that are told of the end."),
]
Priority = Annotated[
    int, Field(ge=-100, le=100, description="Higher goes first among the team's waiting jobs.")
]

Needs = Annotated[
    NodeNeeds | None,
    Field(description="Which nodes may run it. null: all that take such jobs."),
]


class TrainingPlan(TrainingSpec):
    """What to train, whatever the text: a preset, and any field of the spec over it."""

    newer: ClassVar = TrainingSpec.newer | {"needs"}

    preset: Literal["seed", "fast", "large", "tiny"] = Field(
        "seed", description="What the spec starts from."
    )
    needs: Needs = None

    def spec(self) -> TrainingSpec:
        """Return the preset's spec with the fields that were given over it."""
        given = self.model_fields_set & TrainingSpec.model_fields.keys()
        return training_spec(self.preset, self.model_dump(include=given))


class TrainingRequest(TrainingPlan):
    """A submission: what to train on, and any field of the spec over the preset's."""

    corpus_id: Reference = Field(description="The corpus to train on.")
    corpus_version_id: Reference | None = Field(None, description="Empty: the newest version.")
    name: Name | None = Field(None, description="Empty: made from the corpus and the preset.")
    priority: Priority = 0
    from_checkpoint_id: Reference | None = Field(
        None, description="A checkpoint whose weights the run starts from."
    )
    notify: Notify = Field(default=[])


class GenerationPlan(GenerationSpec):
    """What to write, whatever the model."""

    newer: ClassVar = GenerationSpec.newer | {"needs"}

    needs: Needs = None

    def spec(self) -> GenerationSpec:
        """Return the spec alone."""
        return GenerationSpec.model_validate(
            self.model_dump(include=set(GenerationSpec.model_fields))
        )


class GenerationRequest(GenerationPlan):
    """A submission: which checkpoint or model writes, and the spec."""

    model_config = ConfigDict(json_schema_extra=one_of("checkpoint_id", "model"))

    checkpoint_id: Reference | None = Field(
        None, description="The checkpoint that writes; this or `model` is needed."
    )
    model: Name | None = Field(
        None, description="The named model whose promoted checkpoint writes, as it is now."
    )
    name: Name | None = Field(None, description="Empty: made from the training job's name.")
    priority: Priority = 0
    notify: Notify = Field(default=[])


class ScoreSpec(Spec):
    """How a text is scored."""

    alternatives: int = Field(
        5, ge=0, le=20, description="How many of the likeliest characters are told at each place."
    )


class Question(Spec):
    """What a question may say besides."""

    priority: Priority | None = Field(
        None, description="Left out: 10, and 0 where over 100,000 characters are written again."
    )


class ScoreBody(ScoreSpec, Question):
    """A text to score."""

    text: Annotated[Text, Field(min_length=1, max_length=MOST_SCORED)] = Field(
        description="What is scored, from its first character on."
    )


class ScoreRequest(ScoreBody):
    """A submission: which checkpoint scores which text."""

    checkpoint_id: str


class VerifySpec(Spec):
    """Which text is written again."""

    output_job_id: Id
    number: int


class VerifyRequest(Question):
    """A receipt, and the text that is said to be its."""

    receipt: Receipt = Field(description="The `receipt` of an output.")
    text: Annotated[Text, Field(max_length=MOST_COMPARED)] | None = Field(
        None, description="The text. Left out: the one that is stored."
    )

    def spec(self) -> VerifySpec:
        """Return what the job's page tells of it."""
        return VerifySpec(output_job_id=self.receipt.job_id, number=self.receipt.number)
