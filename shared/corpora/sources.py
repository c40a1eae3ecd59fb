"""The built-in texts: one that the article names, one that every CPython carries."""

import io
from dataclasses import dataclass
from typing import BinaryIO

from shared.corpora.fetching import fetch
from shared.errors import SourceUnavailable, UserError
from shared.said import said
from shared.settings import Settings

SHAKESPEARE_SHA256 = "86c4e6aa9db7c042ec79f339dcb96d42b0075e16b8fc2e86bf0ca57e2dc565ed"


@dataclass(frozen=True)
class Builtin:
    """A text that charloom can get by itself."""

    name: str
    description: str
    sha256: str | None = None


BUILTINS = {
    "shakespeare": Builtin(
        "shakespeare",
        said("The article's text: 1,115,394 characters of Shakespeare, fetched from its address."),
        SHAKESPEARE_SHA256,
    ),
    "python-reference": Builtin(
        "python-reference",
        said("The prose of Python's own reference, as this Python carries it; needs no network."),
    ),
}


def open_builtin(name: str, settings: Settings) -> BinaryIO:
    """Return the text of a built-in corpus as a file. Raises ``SourceUnavailable``."""
    if name == "shakespeare":
        return _fetched(settings)
    return io.BytesIO(python_reference().encode())


def _fetched(settings: Settings) -> BinaryIO:
    try:
        return fetch(settings.shakespeare_url, settings).file
    except UserError as error:
        raise SourceUnavailable(
            said(
                "{why}; upload the text instead, or take 'python-reference', which needs no "
                "network",
                why=error.args[0],
            )
        ) from error


def python_reference() -> str:
    """Return the topics that ``help()`` shows, in the order of their names."""
    # Not at import time: it is half a megabyte that most processes never need.
    from pydoc_data.topics import topics

    return "\n\n".join(text.strip() for _, text in sorted(topics.items())) + "\n"
