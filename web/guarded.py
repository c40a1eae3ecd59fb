"""Requests of Authlib's sessions: each within a time and a size, none redirected, by no proxy."""

from collections.abc import Mapping
from io import BytesIO
from typing import Any

import httpx
from authlib.integrations.requests_client import OAuth2Session
from requests import PreparedRequest, Response
from requests.adapters import BaseAdapter

from shared.errors import ProviderFailed
from shared.outgoing import Guard, answer
from shared.said import said

MIB = 1024 * 1024
# One answer, from the first byte sent to the last one received.
SECONDS = 8.0


class GuardedSession(OAuth2Session):  # type: ignore[misc]
    """Authlib's client, over the connections of ``shared.outgoing``.

    The operator named the provider, so that it may be in a private network; what it redirects to
    nobody named.
    """

    def __init__(self, *arguments: Any, **options: Any):
        super().__init__(*arguments, **options)
        # Neither passwords of a .netrc nor proxies of the environment.
        self.trust_env = False
        for scheme in ("https://", "http://"):
            self.mount(scheme, _Adapter())


class _Adapter(BaseAdapter):
    """Sends what requests has prepared."""

    def send(self, request: PreparedRequest, **_options: Any) -> Response:  # type: ignore[override]
        """Return the answer, read whole. Raises ``ProviderFailed`` and httpx' errors."""
        body = request.body.encode() if isinstance(request.body, str) else request.body
        headers = {name: _text(value) for name, value in request.headers.items()}
        guard = Guard.lasting(SECONDS, private=True)
        url, method = request.url or "", request.method or "GET"
        with answer(
            guard, method, url, headers=headers, content=_bytes(body), follow=False
        ) as received:
            if received.has_redirect_location:
                raise ProviderFailed(said("{host} redirects, which is not followed",
                                          host=received.url.host))  # fmt: skip
            return _response(request, received.status_code, received.headers, _whole(received))

    def close(self) -> None:
        """Nothing stays open."""


def _whole(received: httpx.Response) -> bytes:
    read = b""
    for chunk in received.iter_bytes():
        read += chunk
        if len(read) > MIB:
            raise ProviderFailed(said("its answer is larger than 1 MiB"))
    return read


def _response(
    request: PreparedRequest, status: int, headers: Mapping[str, str], body: bytes
) -> Response:
    response = Response()
    response.status_code, response.request, response.url = status, request, request.url or ""
    # It is decoded already.
    response.headers.update((k, v) for k, v in headers.items() if k != "content-encoding")
    response.encoding = "utf-8"
    response.raw = BytesIO(body)
    return response


def _text(value: str | bytes) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else value


def _bytes(body: Any) -> bytes | None:
    return body if isinstance(body, bytes) else None
