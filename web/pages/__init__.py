"""The HTML pages, a file per noun."""

from apiflask import APIFlask


def register_pages(app: APIFlask) -> None:
    """Add the pages' blueprints and what they need."""
