"""Presets as forms show them: to choose from, and in every field that is left empty."""

from dataclasses import dataclass

from shared.jobs.requests import TrainingRequest
from shared.specs import PRESET_NOTES, PRESETS, TrainingSpec
from web.messages import LazyString, _l
from web.pages.forms import Form
from web.pages.labels import description, unset
from web.pages.words import Words, number

DEFAULT_PRESET = str(TrainingRequest.model_fields["preset"].default)
# What a form begins with: what a reader should take who knows no better.
RECOMMENDED_PRESET = "fast"


@dataclass(frozen=True)
class Card:
    """A preset to choose: what it is for, and what one has to expect of it."""

    name: str
    note: str
    time: LazyString | str
    quality: LazyString | str
    people: LazyString | str
    tag: LazyString | str


TIMES: Words = {
    "seed": _l("long: it looks at every window of the text, in every pass"),
    "fast": _l("short: minutes on two cores"),
    "large": _l("very long on a processor, short on a GPU"),
    "tiny": _l("seconds"),
}
QUALITIES: Words = {
    "seed": _l("good: whole words, lines and names"),
    "fast": _l("good, and at its end better than the article's"),
    "large": _l("the best, given a million characters or more"),
    "tiny": _l("none: a few letters in a likely order"),
}
PEOPLE: Words = {
    "seed": _l("who follows the article and wants its numbers"),
    "fast": _l("everybody, to begin with"),
    "large": _l("who has a GPU and much text"),
    "tiny": _l("who wants to see the service work, and tests"),
}
TAGS: Words = {RECOMMENDED_PRESET: _l("recommended"), "tiny": _l("for trying out")}


def preset_cards() -> list[Card]:
    """Return the presets with what they are for."""
    return [
        Card(
            name,
            description(PRESET_NOTES.get(name)),
            TIMES.get(name, ""),
            QUALITIES.get(name, ""),
            PEOPLE.get(name, ""),
            TAGS.get(name, ""),
        )
        for name in PRESETS
    ]


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
