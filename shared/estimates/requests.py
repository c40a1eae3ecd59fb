"""What an estimate is asked for."""

from pydantic import ConfigDict, Field

from shared.fields import Reference
from shared.jobs.requests import TrainingPlan


class EstimateRequest(TrainingPlan):
    """What would be trained: a preset, any field of the spec over it, and a text or its size."""

    model_config = ConfigDict(
        json_schema_extra={
            "oneOf": [
                {"required": ["corpus_id"], "properties": {"corpus_id": {"type": "string"}}},
                {
                    "required": ["characters", "vocabulary_size"],
                    "properties": {
                        "characters": {"type": "integer"},
                        "vocabulary_size": {"type": "integer"},
                    },
                },
            ]
        }
    )

    corpus_id: Reference | None = Field(
        None, description="The corpus to train on; this, or `characters` and `vocabulary_size`."
    )
    corpus_version_id: Reference | None = Field(None, description="Empty: the newest version.")
    characters: int | None = Field(None, ge=1, le=10**12, description="The text's length.")
    vocabulary_size: int | None = Field(
        None, ge=1, le=1_114_112, description="How many different characters it has."
    )
