"""Presets: what a training job may start from, and what each field of a spec means."""

from typing import Any

from apiflask import APIBlueprint
from pydantic import BaseModel, Field

from shared.problems import accepted, bounds
from shared.specs import PRESET_NOTES, PRESETS, TrainingSpec
from web.api.schemas import Listed

presets = APIBlueprint("presets", __name__, url_prefix="/api/v1/presets", tag="Presets")


class Preset(BaseModel):
    """A named spec."""

    name: str
    description: str
    spec: TrainingSpec


class SpecField(BaseModel):
    """One field of a training spec."""

    name: str
    description: str
    accepted: str = Field(description="What the field takes, in words.")
    bounds: dict[str, Any] = Field(
        description="Its limits, by name: ge, gt, le, lt, and "
        "min_length, max_length of texts and lists."
    )


class PresetPage(Listed):
    """All presets, and the fields that a submission may set over them."""

    data: list[Preset]
    fields: list[SpecField]


@presets.get("")
@presets.output(PresetPage)
def index() -> PresetPage:
    """List the presets, with the meaning and range of each field of a training spec.

    A training job starts from one of them; any of the `fields` may be set over it.
    """
    data = [
        Preset(name=name, description=PRESET_NOTES[name], spec=spec)
        for name, spec in PRESETS.items()
    ]
    return PresetPage(data=data, fields=_fields(), has_more=False)


def _fields() -> list[SpecField]:
    return [
        SpecField(
            name=name,
            description=field.description or "",
            accepted=accepted(field),
            bounds=bounds(field),
        )
        for name, field in TrainingSpec.model_fields.items()
    ]
