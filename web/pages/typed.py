"""The other way round: what one would have typed into a form, had one made what is there."""

from typing import Any

from web.pages.forms import SEVERAL, YES
from web.pages.labels import unset

# Null by themselves: what is typed into them is a text, or a number that nobody would call off.
EMPTY = ("prompt", "label", "memory_bytes")


def typed_of(values: dict[str, Any], prefix: str = "") -> dict[str, str]:
    """Return the typed fields of a request; those of specs inside have dots in their names."""
    typed: dict[str, str] = {}
    for name, value in values.items():
        if isinstance(value, dict):
            typed |= {prefix + name: YES} | typed_of(value, f"{prefix}{name}.")
        else:
            typed[prefix + name] = _typed(name, value, inner=bool(prefix))
    return typed


def typed_over(values: dict[str, Any], standard: dict[str, Any]) -> dict[str, str]:
    """Return what one would have typed over ``standard`` to get ``values``: where they differ."""
    changed = {name: value for name, value in values.items() if value != standard.get(name)}
    return {name: _typed(name, value, inner=True) for name, value in changed.items()}


def _typed(name: str, value: Any, *, inner: bool) -> str:
    if isinstance(value, bool):
        return YES if value else ""
    if value is None:
        return unset(name) if inner and name not in EMPTY else ""
    if isinstance(value, list):
        return _line(name, value)
    return str(value)


def _line(name: str, values: list[Any]) -> str:
    if name != "stop":
        return SEVERAL.join(str(value) for value in values)
    escaped = (
        text.replace("\\", r"\\").replace("\n", r"\n").replace("\t", r"\t") for text in values
    )
    return "\n".join(escaped)
