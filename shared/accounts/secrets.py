"""Secrets that are shown once: links and tokens. What is kept of them is their SHA-256."""

import secrets
from hashlib import sha256

# By which people, and scanners of repositories, tell what it is.
PREFIX = "charloom_"
RANDOM_BYTES = 32
SHOWN = len(PREFIX) + 6


def new_secret(prefix: str = PREFIX) -> str:
    """Return a new secret: 256 random bits behind a prefix."""
    return prefix + secrets.token_urlsafe(RANDOM_BYTES)


def digest(secret: str) -> str:
    """Return what is kept of a secret."""
    return sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()
