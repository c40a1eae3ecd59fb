"""Texts from addresses: within limits of size and time, and only where they changed."""

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO, cast

import httpx

from shared.errors import AddressRefused, SourceUnavailable
from shared.outgoing import Guard, answer
from shared.said import said
from shared.settings import Settings

# Up to here a text stays in memory while it comes.
SPOOLED_BYTES = 1024 * 1024
SHOWN_CHARACTERS = 200
PLAIN = "identity"


@dataclass(frozen=True)
class Validators:
    """What a server said a text's state is called, to be told when it is asked again (RFC 9110)."""

    etag: str | None = None
    last_modified: str | None = None

    @classmethod
    def of(cls, headers: httpx.Headers) -> "Validators":
        """Return those of an answer."""
        return cls(headers.get("ETag"), headers.get("Last-Modified"))

    def headers(self) -> dict[str, str]:
        """Return the headers that ask for the text only where it changed."""
        asked = {"If-None-Match": self.etag, "If-Modified-Since": self.last_modified}
        return {name: value for name, value in asked.items() if value}


@dataclass(frozen=True)
class Fetched:
    """A text as it came, and what its state is called."""

    file: BinaryIO
    validators: Validators


def fetch(url: str, settings: Settings) -> Fetched:
    """Fetch a text. Raises ``AddressRefused``, ``SourceUnavailable``."""
    found = fetch_changed(url, settings, Validators())
    if found is None:
        raise SourceUnavailable(
            said("{url} said that nothing changed, which nobody had asked", url=url)
        )
    return found


def fetch_changed(url: str, settings: Settings, seen: Validators) -> Fetched | None:
    """Fetch a text; None where the server says that it is still the one that was ``seen``.

    Raises ``AddressRefused`` for one that is not asked, ``SourceUnavailable`` for anything else.
    """
    shown = url if len(url) <= SHOWN_CHARACTERS else f"{url[:SHOWN_CHARACTERS]}…"
    guard = Guard.lasting(settings.fetch_seconds, private=settings.private_addresses)
    # Compressed, perhaps twice, a few bytes may become any number.
    asked = seen.headers() | {"Accept-Encoding": PLAIN}
    try:
        with answer(guard, "GET", url, headers=asked) as response:
            if response.status_code == httpx.codes.NOT_MODIFIED:
                return None
            if not response.is_success:
                raise httpx.HTTPError(f"{response.status_code} {response.reason_phrase}".strip())
            file = _gather(_pieces(response, guard), response, settings.max_upload_bytes)
            return Fetched(file, Validators.of(response.headers))
    except httpx.InvalidURL as error:
        raise AddressRefused(said("{url} is no address: {why}", url=shown, why=error)) from error
    except httpx.HTTPError as error:
        reason = (str(error) and error.args[0]) or type(error).__name__
        raise SourceUnavailable(
            said("{url} did not give the text: {why}", url=shown, why=reason)
        ) from error


def _pieces(response: httpx.Response, guard: Guard) -> Iterator[bytes]:
    coding = response.headers.get("Content-Encoding", PLAIN)
    if coding.strip().lower() != PLAIN:
        raise httpx.HTTPError(
            said(
                "it is compressed ({coding}); only plain texts are taken",
                coding=coding[:SHOWN_CHARACTERS],
            )
        )
    for piece in response.iter_raw():
        guard.left()
        yield piece


def _gather(pieces: Iterator[bytes], response: httpx.Response, most: int) -> BinaryIO:
    announced = response.headers.get("Content-Length", "")
    if announced.isdigit() and int(announced) > most:
        raise httpx.HTTPError(
            said(
                "it has {count} bytes; at most {most} are taken",
                count=f"{int(announced):,}",
                most=f"{most:,}",
            )
        )
    # Whoever reads the text closes it.
    body = cast(BinaryIO, tempfile.SpooledTemporaryFile(SPOOLED_BYTES))  # noqa: SIM115
    try:
        for piece in pieces:
            body.write(piece)
            if body.tell() > most:
                raise httpx.HTTPError(
                    said(
                        "it sends more than {most} bytes, which is the most taken", most=f"{most:,}"
                    )
                )
    except BaseException:
        body.close()
        raise
    body.seek(0)
    return body
