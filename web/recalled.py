"""What lower layers and libraries said, put into the language of the page.

A message that was stored, or that went through ``str(error)``, is English text alone. It is matched
back to the template in the catalogue that it was made of, so nothing but the text is ever stored.
"""

import re
from functools import lru_cache
from string import Formatter
from typing import Any

from flask_babel import get_translations

from shared.said import Said
from web.messages import _

# Values that are messages themselves, and those that are several words.
MESSAGES, LISTS = {"why", "move", "status"}, {"accepted"}
# What stands between messages that were joined.
JOINTS = ("; ", ", ")
# Of fewer letters any text would be made.
LEAST_LETTERS = 4
FIELD = re.compile(r"([a-z_.]+): ")

Template = tuple[str, re.Pattern[str]]


def translated(message: object) -> str:
    """Return what a lower layer said, in the language of the page; any other text as it is."""
    if isinstance(message, Said):
        return _filled(message.template, message.values)
    text = str(message or "")
    return text and (_recalled(text) or text)


def _recalled(text: str) -> str | None:
    """Return a message of the catalogue in the language of the page; None for any other text."""
    catalogue = get_translations()
    known: dict[Any, str] = getattr(catalogue, "_catalog", {})
    if not known or text in known:
        return _(text)
    return _made_of(text, _templates(catalogue)) or _joined(text)


def _made_of(text: str, templates: list[Template]) -> str | None:
    for template, pattern in templates:
        if found := pattern.fullmatch(text):
            return _filled(template, found.groupdict())
    return None


def _filled(template: str, values: dict[str, Any]) -> str:
    return _(template).format(**{name: _value(name, value) for name, value in values.items()})


def _value(name: str, value: Any) -> Any:
    if name in LISTS:
        return _(", ").join(map(translated, str(value).split(", ")))
    return translated(value) if name in MESSAGES or isinstance(value, Said) else value


def _joined(text: str) -> str | None:
    """Return several messages, the first as long as can be; one may begin with a field's name."""
    for joint in JOINTS:
        parts = text.split(joint)
        for count in range(len(parts) - 1, 0, -1):
            first, rest = joint.join(parts[:count]), joint.join(parts[count:])
            if (one := _one(first)) is not None and (other := _one(rest)) is not None:
                return one + _(joint) + other
    return None


def _one(text: str) -> str | None:
    if found := _recalled(text):
        return found
    field = FIELD.match(text)
    inner = _recalled(text[field.end() :]) if field else None
    return f"{field[1]}{_(': ')}{inner}" if field and inner else None


@lru_cache(maxsize=8)
def _templates(catalogue: Any) -> list[Template]:
    """Return the catalogue's templates that have places, those that say most first."""
    texts = [text for text in catalogue._catalog if isinstance(text, str) and "{" in text]
    made = [_template(text) for text in texts if _letters(text) >= LEAST_LETTERS]
    return sorted(made, key=lambda one: -_letters(one[0]))


def _template(text: str) -> Template:
    seen: set[str] = set()
    pattern = ""
    for before, name, *_rest in Formatter().parse(text):
        pattern += re.escape(before)
        if name is not None:
            pattern += f"(?P={name})" if name in seen else _place(name)
            seen.add(name)
    return text, re.compile(pattern)


def _place(name: str) -> str:
    # What is joined to a message is no part of its last value, unless that may be several messages.
    return f"(?P<{name}>.+?)" if name in MESSAGES else f"(?P<{name}>(?:(?!; ).)+?)"


def _letters(text: str) -> int:
    return sum(map(str.isalpha, re.sub(r"\{.*?\}", "", text)))
