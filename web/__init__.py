"""The web front end: ``create_app`` makes the Flask application."""

from web.factory import create_app

__all__ = ["create_app"]
