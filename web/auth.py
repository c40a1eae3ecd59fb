"""Who may use the API: whoever sends the installation's bearer token."""

import hmac

from flask import request

from shared.errors import Unauthorized
from web.context import services

# The document describes the API and gives nothing else away.
OPEN_ENDPOINTS = {"openapi.spec"}


def require_token() -> None:
    """Refuse a request to the API that does not carry the token. Raises ``Unauthorized``.

    It runs before every request rather than on each blueprint, so that no route can be forgotten.
    """
    if not request.path.startswith("/api/v1/") or request.endpoint in OPEN_ENDPOINTS:
        return
    expected = services().settings.api_token()
    if expected is None:
        raise Unauthorized(
            "no API token is configured: set CHARLOOM_TOKEN or CHARLOOM_TOKEN_FILE and restart"
        )
    if not hmac.compare_digest(_given(), expected.encode()):
        raise Unauthorized


def _given() -> bytes:
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    # WSGI hands header bytes over as Latin-1.
    return token.strip().encode("latin-1") if scheme.lower() == "bearer" else b""
