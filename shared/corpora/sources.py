"""The built-in texts: one that the article names, one that every CPython carries."""

import io
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

import httpx

from shared.errors import SourceUnavailable, TooLarge
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
        "The article's text: 1,115,394 characters of Shakespeare, fetched from its address.",
        SHAKESPEARE_SHA256,
    ),
    "python-reference": Builtin(
        "python-reference",
        "The prose of Python's own reference, as this Python carries it; needs no network.",
    ),
}


def open_builtin(name: str, settings: Settings) -> BinaryIO:
    """Return the text of a built-in corpus as a file. Raises ``SourceUnavailable``."""
    if name == "shakespeare":
        return fetch(settings.shakespeare_url, settings.fetch_seconds, settings.max_upload_bytes)
    return io.BytesIO(python_reference().encode())


def python_reference() -> str:
    """Return the topics that ``help()`` shows, in the order of their names."""
    # Not at import time: it is half a megabyte that most processes never need.
    from pydoc_data.topics import topics

    return "\n\n".join(text.strip() for _, text in sorted(topics.items())) + "\n"


def fetch(url: str, seconds: float, most_bytes: int) -> BinaryIO:
    """Fetch ``url`` within ``seconds`` in all. Raises ``SourceUnavailable``, ``TooLarge``."""
    deadline = time.monotonic() + seconds
    try:
        with (
            httpx.Client(timeout=min(5.0, seconds), follow_redirects=True) as client,
            client.stream("GET", url) as response,
        ):
            response.raise_for_status()
            return _gather(url, response.iter_bytes(), deadline, most_bytes)
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        reason = str(error) or type(error).__name__
        raise SourceUnavailable(
            f"{url} did not answer with the text: {reason}; "
            "upload the text instead, or take 'python-reference', which needs no network"
        ) from error


def _gather(url: str, pieces: Iterator[bytes], deadline: float, most_bytes: int) -> BinaryIO:
    body = io.BytesIO()
    for piece in pieces:
        body.write(piece)
        if body.tell() > most_bytes:
            raise TooLarge(f"{url} sends more than {most_bytes:,} bytes")
        if time.monotonic() > deadline:
            raise SourceUnavailable(f"{url} was too slow: {body.tell():,} bytes came in time")
    return body
