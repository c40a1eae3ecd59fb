"""The settings of a job as people read them, and which of them its preset did not say."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel

from shared.nodes.needs import NodeNeeds
from shared.nodes.waiting import asked_words
from shared.specs import PRESETS
from web.messages import _
from web.pages import words
from web.pages.labels import label, unset
from web.recalled import translated


@dataclass(frozen=True)
class Fact:
    """A setting; ``usual`` is what the preset says where that is something else."""

    name: str
    label: str
    value: str
    usual: str = ""


def facts_of(spec: BaseModel, preset: str | None = None, but: tuple[str, ...] = ()) -> list[Fact]:
    """Return the settings of a spec, ``but`` for those, as its fields stand in order."""
    usual = PRESETS.get(preset or "")
    return [
        Fact(name, label(name), value_words(name, value), _usual(name, value, usual))
        for name, value in spec
        if name not in but
    ]


def needs_words(key: str) -> str:
    """Return what a job asks of its node, as its row has it; it asks for something."""
    told = translated(asked_words(NodeNeeds.of(key)))
    return told[:1].upper() + told[1:]


def value_words(name: str, value: Any) -> str:
    """Return the value of a field in words."""
    if value is None:
        return unset(name)
    if name == "stop":
        return _(", ").join(map(words.visible, value)) or unset(name)
    if isinstance(value, list):
        return _(", ").join(map(words.number, value))
    return value if isinstance(value, str) else words.number(value)


def _usual(name: str, value: Any, preset: BaseModel | None) -> str:
    if preset is None or getattr(preset, name, value) == value:
        return ""
    return value_words(name, getattr(preset, name))


FILTERS: dict[str, Callable[..., Any]] = {"needs_words": needs_words}
