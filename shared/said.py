"""Messages that can be said in other languages, by layers that know nothing of languages.

A message is English text, so that the API, the logs and the command need nothing else. It keeps
what it was made of: who shows it to people can put it into their language.
"""

from typing import Any


class Said(str):
    """A message, with the ``template`` and the ``values`` that it was made of."""

    template: str
    values: dict[str, Any]


def said(template: str, /, **values: Any) -> Said:
    """Return a message of a template in the format of ``str.format``.

    The template must be written out where this is called: there it is found for the catalogues.
    """
    message = Said(template.format(**values))
    message.template, message.values = template, values
    return message
