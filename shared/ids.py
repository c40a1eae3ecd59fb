"""Identifiers: UUIDv7 strings, so that ids sort by the time they were made."""

from uuid import UUID

import uuid_utils


def new_id() -> str:
    """Return a new UUIDv7 in its canonical, lower-case form (RFC 9562)."""
    return str(uuid_utils.uuid7())


def is_id(value: str) -> bool:
    """Tell whether ``value`` is a UUID in canonical form; anything else names nothing."""
    try:
        return str(UUID(value)) == value
    except ValueError:
        return False
