"""What lower layers and libraries said, put into the language of the page.

A message that was stored, or that went through ``str(error)``, is English text alone. It is matched
back to the template in the catalogue that it was made of, so nothing but the text is ever stored.
"""

import re
from functools import lru_cache
from itertools import chain
from string import Formatter
from typing import Any

from flask_babel import get_translations

from shared.said import Said
from web.messages import _

# Values that are messages themselves, and those that are several words.
MESSAGES, LISTS = {"why", "move", "status"}, {"accepted"}
# What stands between messages that were joined.
JOINT = re.compile("(; |, )")
# Of fewer letters any text would be made.
LEAST_LETTERS = 4
FIELD = re.compile(r"([a-z_.]+): ")

# What is no longer than this is looked for: errors quote at most some hundred characters, and the
# time grows with a high power of them, the depth of messages inside messages with their number.
MOST_CHARACTERS, MOST_JOINED = 600, 8

# A message, what it makes of values of a few words, and what of any.
Template = tuple[str, re.Pattern[str], re.Pattern[str]]


def translated(message: object) -> str:
    """Return what a lower layer said, in the language of the page; any other text as it is."""
    if isinstance(message, Said):
        return _filled(message.template, message.values)
    text = str(message or "")
    return text and (_recalled(text) or _joined(text) or text)


def _recalled(text: str) -> str | None:
    """Return a message of the catalogue in the language of the page; None for any other text."""
    # The empty message is the catalogue's own head.
    if not text:
        return None
    catalogue = get_translations()
    known: dict[Any, str] = getattr(catalogue, "_catalog", {})
    if not known or text in known:
        return _(text)
    if len(text) > MOST_CHARACTERS:
        return None
    return _made_of(text, _templates(catalogue))


def _made_of(text: str, templates: list[Template]) -> str | None:
    narrow = ((template, pattern) for template, pattern, _wide in templates)
    wide = ((template, pattern) for template, _narrow, pattern in templates)
    for template, pattern in chain(narrow, wide):
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
    """Return several messages, each as short as can be; None where one of them is none.

    What comes behind each place is worked out once, from the last place on: so the time does not
    grow with the ways in which a text can be taken apart.
    """
    pieces = JOINT.split(text, MOST_JOINED)
    rest: dict[int, str] = {}
    for start in range(len(pieces) - 1, -1, -2):
        for end in range(start + 1, len(pieces) + 1, 2):
            one = (
                _one("".join(pieces[start:end])) if end == len(pieces) or end + 1 in rest else None
            )
            if one is not None:
                rest[start] = one + (_(pieces[end]) + rest[end + 1] if end < len(pieces) else "")
                break
    return rest.get(0)


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
    return text, _pattern(text, "(?:(?!; |: ).)+?"), _pattern(text, "(?:(?!; ).)+?")


def _pattern(text: str, value: str) -> re.Pattern[str]:
    seen: set[str] = set()
    pattern = ""
    for before, name, *_rest in Formatter().parse(text):
        pattern += re.escape(before)
        if name is not None:
            # What is joined to a message is no part of its last value, unless that is messages.
            inside = ".+?" if name in MESSAGES else value
            pattern += f"(?P={name})" if name in seen else f"(?P<{name}>{inside})"
            seen.add(name)
    return re.compile(pattern)


def _letters(text: str) -> int:
    return sum(map(str.isalpha, re.sub(r"\{.*?\}", "", text)))
