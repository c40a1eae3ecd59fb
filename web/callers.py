"""Where a request comes from, as attempts are counted."""

from ipaddress import IPv6Address, ip_address, ip_network

from flask import request

# What one host, or one household, has of IPv6 (RFC 6177).
PREFIX = 64


def caller() -> str:
    """Return the address of the request, of IPv6 the network: a host has as many as it likes."""
    return network_of(request.remote_addr or "")


def network_of(address: str) -> str:
    """Return the network that counts as one caller with an address."""
    try:
        found = ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if not isinstance(found, IPv6Address):
        return address
    if found.ipv4_mapped:
        return str(found.ipv4_mapped)
    return str(ip_network((found, PREFIX), strict=False))
