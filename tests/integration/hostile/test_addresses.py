"""Addresses that lead where only this machine can go, as texts and as receivers of notices."""

import pytest

from tests.support.hostile import Hostile, Target, refused_answer, tried, unharmed

PLACES = {
    "loopback": "http://127.0.0.1:{port}/api/v1/jobs",
    "short IPv4": "http://127.1/",
    "decimal IPv4": "http://2130706433/",
    "hexadecimal IPv4": "http://0x7f000001/",
    "octal IPv4": "http://0177.0.0.1/",
    "IPv4 mixed of bases": "http://0x7f.0.0x0.01/",
    "the unspecified address": "http://0.0.0.0/",
    "zero": "http://0/",
    "private IPv4": "http://10.0.0.1/",
    "the metadata of clouds": "http://169.254.169.254/latest/meta-data/",
    "the metadata of clouds, IPv6": "http://[fd00:ec2::254]/",
    "carrier's NAT": "http://100.64.0.1/",
    "multicast": "http://224.0.0.1/",
    "broadcast": "http://255.255.255.255/",
    "IPv6 loopback": "http://[::1]/",
    "IPv4 mapped into IPv6": "http://[::ffff:127.0.0.1]/",
    "IPv4-compatible IPv6": "http://[::7f00:1]/",
    "6to4": "http://[2002:7f00:1::]/",
    "NAT64": "http://[64:ff9b::a9fe:a9fe]/",
    "Teredo": "http://[2001:0:0:0:0:0:80ff:fffe]/",
    "IPv6 link-local with a zone": "http://[fe80::1%25lo]/",
    "loopback by name": "http://localhost/",
    "full-width digits": "http://１２７.０.０.１/",
    "digits in circles": "http://①②⑦.⓪.⓪.①/",
    "ideographic full stops": "http://127。0。0。1/",
    "a user's name that looks like a host": "http://93.184.216.34@127.0.0.1/",
    "a password": "http://me:secret@93.184.216.34/",
    "a backslash": "http://127.0.0.1\\@93.184.216.34/",
    "a file": "file:///etc/passwd",
    "gopher": "gopher://127.0.0.1:6379/_FLUSHALL",
    "ftp": "ftp://93.184.216.34/a",
    "data": "data:text/plain,abc",
    "javascript": "javascript:alert(1)",
    "no scheme": "//127.0.0.1/",
    "a socket": "http+unix://%2Fvar%2Frun%2Fdocker.sock/info",
}
ASKED = [Hostile(name, f"`{url}`", 422, "address_refused", url) for name, url in PLACES.items()]

# No database has a say in what is fetched.
pytestmark = pytest.mark.parametrize("filled_url", ["sqlite"], indirect=True, scope="module")


@tried("Addresses of texts", *ASKED)
def test_a_text_is_not_fetched_from_there(case: Hostile, target: Target) -> None:
    """Whatever the address is dressed up as."""
    url = case.attack.format(port=target.port)
    with unharmed(target):
        answer = target.client.post("/api/v1/corpora", json={"name": "N", "url": url})
        refused_answer(case, answer, target)
