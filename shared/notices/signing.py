"""Signed notices, as the specification of Standard Webhooks asks: standardwebhooks.com."""

import base64
import hmac
import secrets

PREFIX, VERSION = "whsec_", "v1"
SECRET_BYTES = 32


def new_secret() -> str:
    """Return a secret that nobody can guess."""
    return PREFIX + base64.b64encode(secrets.token_bytes(SECRET_BYTES)).decode()


def signed(secret: str, notice_id: str, seconds: int, body: str) -> dict[str, str]:
    """Return the headers of a notice that is sent at a time (Unix, seconds).

    HMAC-SHA256 over id, time and body, joined by full stops.
    """
    key = base64.b64decode(secret.removeprefix(PREFIX))
    message = f"{notice_id}.{seconds}.{body}".encode()
    signature = base64.b64encode(hmac.digest(key, message, "sha256")).decode()
    return {
        "webhook-id": notice_id,
        "webhook-timestamp": str(seconds),
        "webhook-signature": f"{VERSION},{signature}",
    }
