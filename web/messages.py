"""Messages to people, in the language of the page: Flask-Babel's functions, with types.

``make texts`` finds what is given to them for the catalogues.
"""

import flask_babel
from flask_babel import LazyString

__all__ = ["LazyString", "_", "_l", "ngettext"]


def _(message: str, /, **values: object) -> str:
    """Return a message in the language of the page, its ``%(places)s`` filled."""
    return str(flask_babel.gettext(message, **values))


def _l(message: str, /) -> LazyString:
    """Return a message that is put into the language of the page when it is shown."""
    return flask_babel.lazy_gettext(message)


def ngettext(one: str, many: str, count: int, /, **values: object) -> str:
    """Return the message for one or for many, its ``%(places)s`` filled."""
    return str(flask_babel.ngettext(one, many, count, **values))
