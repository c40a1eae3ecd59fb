"""Which addresses are asked: decided after the name is resolved, by what it resolves to."""

import socket
from ipaddress import ip_address
from typing import Any

import pytest

from shared.errors import AddressRefused
from shared.outgoing import Guard, unreachable

PUBLIC = ("93.184.216.34", "2606:2800:220:1::1", "::ffff:8.8.8.8", "64:ff9b::808:808")
LOOPBACK = (
    "127.0.0.1", "127.255.0.9", "::1", "::ffff:127.0.0.1", "64:ff9b::7f00:1", "2002:7f00:1::",
    "::127.0.0.1",
)  # fmt: skip
PRIVATE = (
    "10.1.2.3", "172.16.0.1", "192.168.1.1", "100.64.0.1", "fd00:ec2::254", "0.0.0.9",
    "240.0.0.1", "192.0.2.1", "2001:db8::1", "::ffff:10.0.0.1",
)  # fmt: skip
LINK_LOCAL = ("169.254.169.254", "fe80::1", "64:ff9b::a9fe:a9fe")


@pytest.mark.parametrize("text", PUBLIC)
def test_public_addresses_are_asked(text: str) -> None:
    """Also where IPv6 stands for a public one of IPv4."""
    assert unreachable(ip_address(text)) is None


@pytest.mark.parametrize(
    ("kind", "text"),
    [("a loopback", text) for text in LOOPBACK]
    + [("a link-local", text) for text in LINK_LOCAL]
    + [("a private", text) for text in PRIVATE]
    + [("a multicast", "224.0.0.1"), ("a multicast", "ff02::1")]
    + [("an unspecified", "::"), ("an unspecified", "::ffff:0:0")],
)
def test_all_others_are_not(kind: str, text: str) -> None:
    """However the address is dressed up, and the kind is told."""
    assert unreachable(ip_address(text)) == kind


def answers(*addresses: str) -> Any:
    """Return a resolver that answers so."""

    def getaddrinfo(host: str, port: int, **_: Any) -> list[Any]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (a, port)) for a in addresses]

    return getaddrinfo


def test_one_bad_address_among_good_ones_is_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    """The order of answers is the name's owner's to choose."""
    monkeypatch.setattr("shared.outgoing.getaddrinfo", answers("8.8.8.8", "10.0.0.1"))
    with pytest.raises(AddressRefused, match=r"mixed.example \(10.0.0.1\) is a private address"):
        Guard.lasting(1, private=False).addresses("mixed.example", 80)


def test_a_setting_opens_private_addresses(monkeypatch: pytest.MonkeyPatch) -> None:
    """For tests and intranets."""
    monkeypatch.setattr("shared.outgoing.getaddrinfo", answers("10.0.0.1", "10.0.0.1"))
    assert Guard.lasting(1, private=True).addresses("here.example", 80) == ["10.0.0.1"]
