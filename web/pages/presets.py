"""Presets as forms show them: to choose from, and in every field that is left empty."""

from shared.jobs.requests import TrainingRequest
from shared.specs import PRESET_NOTES, PRESETS, TrainingSpec
from web.pages.forms import Choice, Form
from web.pages.labels import description, unset
from web.pages.words import number

DEFAULT_PRESET = str(TrainingRequest.model_fields["preset"].default)


def preset_choices() -> list[Choice]:
    """Return the presets with what they are for."""
    return [Choice(name, description(PRESET_NOTES.get(name))) for name in PRESETS]


def preset_of(form: Form, prefix: str = "", default: str = DEFAULT_PRESET) -> str:
    """Return the preset that a form has chosen."""
    typed = form.value(f"{prefix}preset")
    return typed if typed in PRESETS else default


def preset_numbers(prefix: str = "") -> dict[str, dict[str, str]]:
    """Return what each preset says of each field, to be shown where nothing is typed."""
    return {
        preset: {
            prefix + name: _said(name, getattr(spec, name)) for name in TrainingSpec.model_fields
        }
        for preset, spec in PRESETS.items()
    }


def _said(name: str, value: object) -> str:
    if value is None:
        return unset(name)
    if isinstance(value, list):
        return " ".join(map(number, value))
    return number(value) if isinstance(value, (int, float)) else str(value)
