"""Requests to addresses that people name: to public ones only, and never for ever.

A name is resolved once, what it resolves to is checked, and the connection goes to what was
checked, at every redirect anew. So neither a redirect nor a name that answers twice differently
reaches what only this machine can reach. Proxies of the environment are not asked: they would
resolve the name themselves.
"""

import ssl
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from socket import SOCK_STREAM, gaierror, getaddrinfo
from typing import Any

import httpcore
import httpx

from shared.errors import AddressRefused
from shared.said import said

Address = IPv4Address | IPv6Address

# The longest wait for one answer of the other side, whatever time is left in all.
WAIT_SECONDS = 5.0
MOST_REDIRECTS = 5
# Addresses of IPv6 that stand for one of IPv4: RFC 6052, and what RFC 8215 sets aside for it.
TRANSLATED = (ip_network("64:ff9b::/96"), ip_network("64:ff9b:1::/48"))


@dataclass(frozen=True)
class Guard:
    """Whom a request may reach, and until when (``time.monotonic``)."""

    private: bool
    deadline: float

    @classmethod
    def lasting(cls, seconds: float, *, private: bool) -> "Guard":
        """Return a guard whose time ends in so many seconds."""
        return cls(private, time.monotonic() + seconds)

    def left(self) -> float:
        """Return the seconds left. Raises ``httpx.ReadTimeout``."""
        left = self.deadline - time.monotonic()
        if left <= 0:
            raise httpx.ReadTimeout(said("too slow: the time allowed is over"))
        return left

    def addresses(self, host: str, port: int) -> list[str]:
        """Resolve a name, once. Raises ``AddressRefused`` if any of its addresses is not public."""
        found = [str(entry[4][0]) for entry in getaddrinfo(host, port, type=SOCK_STREAM)]
        for text in found:
            if not self.private and (kind := unreachable(ip_address(text.partition("%")[0]))):
                named = host if host == text else f"{host} ({text})"
                raise AddressRefused(
                    said(
                        "{host} is {why} address; only public ones are asked", host=named, why=kind
                    )
                )
        return list(dict.fromkeys(found))


def unreachable(address: Address) -> str | None:
    """Return what makes an address one that is not asked, in words, or None."""
    if (inner := _inside(address)) is not None:
        return unreachable(inner)
    kinds = {
        said("a loopback"): address.is_loopback,
        said("a link-local"): address.is_link_local,
        said("a multicast"): address.is_multicast,
        said("an unspecified"): address.is_unspecified,
        # fec0::/10 is deprecated, and global by the tables.
        said("a site-local"): isinstance(address, IPv6Address) and address.is_site_local,
        said("a private"): not address.is_global,
    }
    return next((kind for kind, holds in kinds.items() if holds), None)


def _inside(address: Address) -> IPv4Address | None:
    """Return the address of IPv4 that one of IPv6 stands for."""
    if isinstance(address, IPv4Address):
        return None
    if any(address in network for network in TRANSLATED):
        return IPv4Address(int(address) & 0xFFFFFFFF)
    if address.teredo is not None:
        return address.teredo[1]
    if int(address) >> 32 == 0 and int(address) > 1:
        # RFC 4291, 2.5.5.1: deprecated, but some systems still route it.
        return IPv4Address(int(address))
    return address.ipv4_mapped or address.sixtofour


@contextmanager
def answer(
    guard: Guard,
    method: str,
    url: str,
    *,
    headers: Mapping[str, str] | None = None,
    content: bytes | None = None,
    follow: bool = True,
) -> Iterator[httpx.Response]:
    """Yield the answer to a request, its body not yet read; a redirect's never is.

    Raises ``AddressRefused``, ``httpx.HTTPError``, ``httpx.InvalidURL``.
    """
    with httpx.Client(transport=_Transport(guard), timeout=WAIT_SECONDS, trust_env=False) as client:
        request = client.build_request(method, url, headers=headers, content=content)
        for _ in range(MOST_REDIRECTS + 1):
            response = client.send(request, stream=True)
            try:
                if response.next_request is None or not follow:
                    yield response
                    return
                request = response.next_request
            finally:
                response.close()
    raise httpx.HTTPError(said("it redirects more than {most} times", most=MOST_REDIRECTS))


def check_url(url: str, *, private: bool) -> None:
    """Raise ``AddressRefused`` for an address that is never asked, as far as its text tells.

    Names are not resolved: that is done, and checked, when it is asked.
    """
    try:
        parsed = httpx.URL(url)
    except httpx.InvalidURL as error:
        raise AddressRefused(said("{url} is no address: {why}", url=url, why=error)) from error
    _check_form(parsed)
    with suppress(ValueError):
        literal = str(ip_address(parsed.host))
        Guard.lasting(WAIT_SECONDS, private=private).addresses(literal, 0)


def _check_form(url: httpx.URL) -> None:
    if url.scheme not in ("http", "https") or not url.host:
        raise AddressRefused(
            said("{url} is no address that begins with http:// or https://", url=url)
        )
    if url.userinfo:
        raise AddressRefused(
            said("an address with a user's name in it is not asked: {host}", host=url.host)
        )
    if "%" in url.host:
        # A zone names one of this machine's own networks.
        raise AddressRefused(
            said("an address with a zone in it is not asked: {host}", host=url.host)
        )


class _Transport(httpx.BaseTransport):
    """httpx over connections that a guard makes."""

    def __init__(self, guard: Guard):
        self._pool = httpcore.ConnectionPool(
            ssl_context=ssl.create_default_context(), network_backend=_Backend(guard)
        )

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request. Raises ``AddressRefused`` and httpx' errors."""
        url = request.url
        _check_form(url)
        with _httpx_errors():
            answer = self._pool.handle_request(
                httpcore.Request(
                    request.method,
                    httpcore.URL(
                        scheme=url.raw_scheme,
                        host=url.raw_host,
                        port=url.port,
                        target=url.raw_path,
                    ),
                    headers=request.headers.raw,
                    content=request.stream,
                    extensions=request.extensions,
                )
            )
        return httpx.Response(
            answer.status,
            headers=answer.headers,
            stream=_Body(answer.stream),
            extensions=answer.extensions,
        )

    def close(self) -> None:
        """Close all connections."""
        self._pool.close()


class _Body(httpx.SyncByteStream):
    def __init__(self, stream: Any):
        self._stream = stream

    def __iter__(self) -> Iterator[bytes]:
        with _httpx_errors():
            yield from self._stream

    def close(self) -> None:
        self._stream.close()


class _Backend(httpcore.NetworkBackend):
    """Connects to addresses that were checked, and to no other."""

    def __init__(self, guard: Guard):
        self._guard = guard
        self._real = httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        """Connect to the first of a name's addresses that takes it."""
        try:
            addresses = self._guard.addresses(host, port)
        except (gaierror, UnicodeError) as error:
            raise httpcore.ConnectError(f"no address is known for {host}") from error
        problem: Exception = httpcore.ConnectError(f"no address is known for {host}")
        for address in addresses:
            wait = min(timeout or WAIT_SECONDS, self._guard.left())
            try:
                stream = self._real.connect_tcp(address, port, wait, local_address, socket_options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                problem = error
            else:
                return _Stream(stream, self._guard)
        raise problem


class _Stream(httpcore.NetworkStream):
    """A connection of which no answer is awaited longer than the guard has time."""

    def __init__(self, real: httpcore.NetworkStream, guard: Guard):
        self._real, self._guard = real, guard

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._real.read(max_bytes, self._wait(timeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._real.write(buffer, self._wait(timeout))

    def close(self) -> None:
        self._real.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore.NetworkStream:
        inner = self._real.start_tls(ssl_context, server_hostname, self._wait(timeout))
        return _Stream(inner, self._guard)

    def get_extra_info(self, info: str) -> Any:
        return self._real.get_extra_info(info)

    def _wait(self, timeout: float | None) -> float:
        return min(timeout or WAIT_SECONDS, self._guard.left())


@contextmanager
def _httpx_errors() -> Iterator[None]:
    """Turn httpcore's errors into httpx' of the same meaning."""
    try:
        yield
    except httpcore.TimeoutException as error:
        raise httpx.ReadTimeout(str(error) or "timed out") from error
    except (httpcore.NetworkError, httpcore.ProtocolError) as error:
        raise httpx.NetworkError(str(error) or type(error).__name__) from error
