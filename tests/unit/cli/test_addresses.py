"""Where the embedded stack may listen."""

import socket

import pytest

from cli.addresses import check_free, check_loopback, free_port, join
from shared.errors import UserError


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.9.10", "localhost", "::1"])
def test_takes_addresses_of_this_machine(host: str) -> None:
    """Loopback addresses are accepted."""
    check_loopback(host)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.4", "example.org", ""])  # noqa: S104
def test_refuses_addresses_that_others_reach(host: str) -> None:
    """Anything else is refused, naming what is accepted."""
    with pytest.raises(UserError, match=r"take 127\.0\.0\.1, ::1 or localhost"):
        check_loopback(host)


def test_refuses_a_port_in_use() -> None:
    """A port that somebody listens on is named."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(UserError, match=f"port {port} on 127.0.0.1 is in use"):
            check_free("127.0.0.1", port)


def test_finds_a_free_port() -> None:
    """The port it finds can be listened on."""
    check_free("127.0.0.1", free_port())


@pytest.mark.parametrize(("host", "joined"), [("127.0.0.1", "127.0.0.1:80"), ("::1", "[::1]:80")])
def test_joins_host_and_port(host: str, joined: str) -> None:
    """An IPv6 address gets its brackets."""
    assert join(host, 80) == joined
