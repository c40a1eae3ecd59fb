"""The JSON API under /api/v1, a file per noun."""

from apiflask import APIFlask


def register_api(app: APIFlask) -> None:
    """Add the API's blueprints."""
