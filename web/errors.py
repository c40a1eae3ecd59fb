"""Errors as answers: RFC 9457 problem details under /api, a page elsewhere."""

from apiflask import APIFlask


def register_errors(app: APIFlask) -> None:
    """Make every error an answer of one shape."""
