"""The running service keeps no secret where it could be read: not in its log nor its database."""

import re
import socket
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest

from cli.client import Client, Refused
from tests.support.stacks import Stack, wait_for

pytestmark = pytest.mark.timeout(240)

# Others use the same stack, and the names of the docs.
NAME = "keeper-of-secrets"
PASSWORD = "correct-horse-battery-staple"
WRONG = "charloom_thisIsNobodysTokenButItLooksLikeOne12345678"
FORM_TOKEN = re.compile(r'name="csrf_token" value="([^"]+)"')


def sign_in(url: str, link: str) -> str:
    """Sign in by a link, then with the password it sets; return the session's cookie."""
    with httpx.Client() as browser:
        for path, fields in ((link, {"secret": link.partition("secret=")[2]}),
                             (f"{url}/sign-in", {"name": NAME})):  # fmt: skip
            browser.cookies.clear()
            found = FORM_TOKEN.search(browser.get(path).text)
            assert found is not None
            sent = fields | {"csrf_token": found[1], "password": PASSWORD}
            assert browser.post(path.partition("?")[0], data=sent).status_code == 303
        assert browser.get(f"{url}/jobs").status_code == 200
        return browser.cookies["session"]


def send(url: str, request: bytes) -> None:
    """Send bytes that need be no request."""
    parts = urlsplit(url)
    with socket.create_connection((str(parts.hostname), parts.port or 80), 10) as wire:
        wire.sendall(request)
        wire.settimeout(10)
        wire.recv(1000)


def misuse(url: str, secret: str) -> None:
    """Put a token where it does not belong, and ask for what fails."""
    paths = (f"/api/v1/jobs?token={secret}", f"/api/v1/jobs/{secret}", f"/{secret}",
             f"/sign-in/link?secret={secret}", f"/sign-in?next=/x?secret={secret}")  # fmt: skip
    for path in paths:
        for headers in ({}, {"Authorization": f"Bearer {secret}"}, {"Authorization": secret}):
            httpx.get(url + path, headers=headers)
    send(url, f"GET /?token={secret} HTTP/1.1\r\nAuthorization Bearer {secret}\r\n\r\n".encode())
    send(url, f"{secret} / HTTP/9.9\r\nHost: x\r\n\r\n".encode())


def test_secrets_are_nowhere(stack: Stack, client: Client) -> None:
    """After signing in, tokens used, misused and revoked: all of its log, and its database."""
    link = client.add_user(NAME)["sign_in"]["url"]
    client.put_member("default", NAME)
    cookie = sign_in(stack.url, link)
    made = client.create_token("ci", user=NAME, scope="submit")
    with Client(stack.url, made["secret"]) as own:
        corpus = own.add_corpus("secrets", text="It was the best of times. " * 60)
        job = own.train(corpus["id"], preset="tiny", epochs=1, max_windows=64)
        own.wait(job["id"])
        assert own.job(job["id"])["created_by"]["name"] == NAME
        misuse(stack.url, made["secret"])
        own.revoke_token(made["id"])
        with pytest.raises(Refused):
            own.me()
    misuse(stack.url, WRONG)
    wait_for(lambda: len(list(client.audit(outcome="refused"))) > 5, 10)
    secrets = {"password": PASSWORD, "link": link.partition("secret=")[2], "cookie": cookie,
               "token": made["secret"][15:], "wrong": WRONG[15:], "own": stack.token,
               "key": (stack.data / "secret_key").read_text().strip()}  # fmt: skip
    files = [stack.log, *Path(stack.data).glob("charloom.db*"), stack.data / "beat-schedule"]
    assert len(files) > 2
    for file in filter(Path.exists, files):
        content = file.read_bytes()
        found = [name for name, secret in secrets.items() if secret.encode() in content]
        assert found == [], file.name
