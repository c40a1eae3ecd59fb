"""Messages that can be said in other languages, by layers that know nothing of languages.

A message is English text, so that the API, the logs and the command need nothing else. It keeps
what it was made of: who shows it to people can put it into their language.
"""

from typing import Any

# Of a text that somebody sent, a message repeats so many characters: enough to see which it is.
MOST_REPEATED = 1000


class Said(str):
    """A message, with the ``template`` and the ``values`` that it was made of."""

    template: str
    values: dict[str, Any]


def said(template: str, /, **values: Any) -> Said:
    """Return a message of a template in the format of ``str.format``.

    The template must be written out where this is called: there it is found for the catalogues.
    Values that are texts are cut to ``MOST_REPEATED`` characters: no message is as large as what
    it complains of.
    """
    shown = {name: _cut(value) for name, value in values.items()}
    message = Said(template.format(**shown))
    message.template, message.values = template, shown
    return message


def _cut(value: Any) -> Any:
    if not isinstance(value, str) or isinstance(value, Said) or len(value) <= MOST_REPEATED:
        return value
    return value[:MOST_REPEATED] + "…"
