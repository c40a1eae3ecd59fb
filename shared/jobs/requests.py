"""What jobs are made from: a spec, and whatever else a submission says, validated."""

from typing import Annotated, Literal

from pydantic import ConfigDict, Field

from shared.specs import GenerationSpec, Name, Reference, TrainingSpec, one_of, training_spec

Notify = Annotated[
    list[Reference],
    Field(max_length=5, description="The ids of the receivers that are told of the end."),
]
Priority = Annotated[
    int, Field(ge=-100, le=100, description="Higher goes first among waiting jobs.")
]


class TrainingPlan(TrainingSpec):
    """What to train, whatever the text: a preset, and any field of the spec over it."""

    preset: Literal["seed", "fast", "large", "tiny"] = Field(
        "seed", description="What the spec starts from."
    )

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


class GenerationRequest(GenerationSpec):
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

    def spec(self) -> GenerationSpec:
        """Return the spec alone."""
        return GenerationSpec.model_validate(
            self.model_dump(include=set(GenerationSpec.model_fields))
        )
