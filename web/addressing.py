"""Addresses of receivers, as whoever asks may see them."""

from urllib.parse import urlsplit

from shared.accounts.rights import Right
from web.context import principal


def shown_address(url: str | None) -> str | None:
    """Return an address whole to managers; to others its host: the rest is often the secret."""
    if url is None or principal().may(Right.MANAGE):
        return url
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.hostname}/…"
