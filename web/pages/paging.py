"""Where a list goes on."""

from flask import request

from shared.ids import is_id


def asked_after() -> str | None:
    """Return the last id of the page before, or None for the first page."""
    after = request.args.get("after", "")
    return after if is_id(after) else None
