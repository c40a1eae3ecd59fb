"""A small OpenID Connect provider on this machine: it keeps to the rules, unless told otherwise."""

import base64
import hmac
import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from secrets import token_urlsafe
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from joserfc import jwt
from joserfc.jwk import RSAKey

CLIENT, SECRET = "charloom", "the-secret-of-charloom"
PLACES = {
    "authorization_endpoint": "authorize",
    "token_endpoint": "token",
    "jwks_uri": "jwks",
    "userinfo_endpoint": "userinfo",
}
ADA = {
    "preferred_username": "Ada.Lovelace",
    "email": "ada@example.org",
    "email_verified": True,
}
# Claims and the header of an ID token to the token.
Forge = Callable[[dict[str, Any], dict[str, Any]], str]
Answer = tuple[int, dict[str, str], bytes]


@cache
def key_named(kid: str) -> RSAKey:
    """Return a key; the same for the same name, as it takes long to make."""
    return RSAKey.generate_key(2048, {"kid": kid, "use": "sig", "alg": "RS256"}, private=True)


def part(value: Any) -> str:
    """Return one part of a token."""
    raw = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


@dataclass
class OidcProvider:
    """The provider: whom it sends, and where it breaks the rules."""

    issuer: str = ""
    # Of who is at the browser.
    claims: dict[str, Any] = field(default_factory=lambda: {"sub": "1", **ADA})
    userinfo: dict[str, Any] = field(default_factory=dict)
    kid: str = "first"
    # What it says of itself beside, or instead of, what is so.
    metadata: dict[str, Any] = field(default_factory=dict)
    forge: Forge | None = None
    # Answers by path, in place of its own.
    instead: dict[str, Callable[[], Answer]] = field(default_factory=dict)
    # Who is at the browser must press a button.
    asks: bool = False
    asked: list[str] = field(default_factory=list)
    codes: dict[str, dict[str, str]] = field(default_factory=dict)
    seconds: float = 300

    def sign(self, claims: dict[str, Any], header: dict[str, Any]) -> str:
        """Return a token of claims, signed with the current key unless the header names another."""
        return jwt.encode(header, claims, key_named(header["kid"]), ["RS256"])

    def answer(self, path: str, query: dict[str, str], headers: Any) -> Answer:
        """Return the answer to a request."""
        self.asked.append(path)
        if path in self.instead:
            return self.instead[path]()
        return {
            "/.well-known/openid-configuration": self._metadata,
            "/jwks": self._keys,
            "/authorize": self._authorize,
            "/token": self._token,
            "/userinfo": self._userinfo,
        }[path](query, headers)

    def _metadata(self, _query: dict[str, str], _headers: Any) -> Answer:
        places = {name: f"{self.issuer}/{path}" for name, path in PLACES.items()}
        algorithms = {"id_token_signing_alg_values_supported": ["RS256", "HS256", "none"]}
        return told({"issuer": self.issuer, **places, **algorithms, **self.metadata})

    def _keys(self, _query: dict[str, str], _headers: Any) -> Answer:
        return told({"keys": [key_named(self.kid).as_dict(private=False)]})

    def _authorize(self, query: dict[str, str], _headers: Any) -> Answer:
        assert query["client_id"] == CLIENT
        assert (query["response_type"], query["code_challenge_method"]) == ("code", "S256")
        if self.asks and "yes" not in query:
            url = f"/authorize?{urlencode({**query, 'yes': '1'})}".replace("&", "&amp;")
            page = f'<a href="{url}">Yes, it is me</a>'
            page = f'<!doctype html><title>Provider</title><link rel="icon" href="data:,">{page}'
            return 200, {"Content-Type": "text/html"}, page.encode()
        code = token_urlsafe()
        self.codes[code] = query
        back = {"code": code, "state": query["state"], "iss": self.issuer}
        return 302, {"Location": f"{query['redirect_uri']}?{urlencode(back)}"}, b""

    def _token(self, query: dict[str, str], headers: Any) -> Answer:
        secret = base64.b64encode(f"{CLIENT}:{SECRET}".encode()).decode()
        if headers["Authorization"] != f"Basic {secret}":
            return told({"error": "invalid_client"}, 401)
        # Once only.
        begun = self.codes.pop(query.get("code", ""), None)
        if begun is None or begun["redirect_uri"] != query["redirect_uri"]:
            return told({"error": "invalid_grant"}, 400)
        if part(sha256(query["code_verifier"].encode()).digest()) != begun["code_challenge"]:
            return told({"error": "invalid_grant"}, 400)
        claims = self.claims | {"iss": self.issuer, "aud": CLIENT, "nonce": begun["nonce"]}
        claims |= {"iat": int(time.time()), "exp": int(time.time() + self.seconds)}
        token = (self.forge or self.sign)(claims, {"alg": "RS256", "kid": self.kid})
        access = {"access_token": "an-access-token", "token_type": "Bearer", "expires_in": 300}
        return told(access | ({"id_token": token} if token else {}))

    def _userinfo(self, _query: dict[str, str], headers: Any) -> Answer:
        assert headers["Authorization"] == "Bearer an-access-token"
        return told({"sub": self.claims["sub"], **self.userinfo})


def told(what: Any, status: int = 200) -> Answer:
    """Return an answer in JSON."""
    return status, {"Content-Type": "application/json"}, json.dumps(what).encode()


def unsigned(claims: dict[str, Any], header: dict[str, Any]) -> str:
    """Return a token that says that it needs no signature."""
    return f"{part(header | {'alg': 'none'})}.{part(claims)}."


def signed_by_secret(secret: bytes) -> Forge:
    """Return what signs with HS256, by a secret that everybody knows or that is charloom's."""

    def forge(claims: dict[str, Any], header: dict[str, Any]) -> str:
        signed = f"{part(header | {'alg': 'HS256'})}.{part(claims)}"
        return f"{signed}.{part(hmac.digest(secret, signed.encode(), 'sha256'))}"

    return forge


@contextmanager
def running_provider() -> Iterator[OidcProvider]:
    """Run a provider on a free port."""
    provider = OidcProvider()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            address = urlsplit(self.path)
            self._send(address.path, address.query)

        def do_POST(self) -> None:
            length = int(self.headers["Content-Length"])
            self._send(self.path, self.rfile.read(length).decode())

        def _send(self, path: str, query: str) -> None:
            fields = {name: values[0] for name, values in parse_qs(query).items()}
            status, headers, body = provider.answer(path, fields, self.headers)
            self.send_response(status)
            for name, value in (headers | {"Content-Length": str(len(body))}).items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            """Keep the test's output clean."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    provider.issuer = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield provider
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
