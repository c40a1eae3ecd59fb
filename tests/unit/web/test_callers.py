"""Which addresses count as one caller."""

import pytest

from web.callers import network_of


@pytest.mark.parametrize(("address", "counted"), [
    ("192.0.2.7", "192.0.2.7"),
    ("2001:db8:1:1::7", "2001:db8:1:1::/64"),
    ("2001:db8:1:1:ffff::9", "2001:db8:1:1::/64"),
    ("::ffff:192.0.2.7", "192.0.2.7"),
    ("fe80::1%eth0", "fe80::/64"),
    ("", ""),
    ("unix:", "unix:"),
])  # fmt: skip
def test_a_host_is_one_caller(address: str, counted: str) -> None:
    """Whichever of its addresses it takes."""
    assert network_of(address) == counted
