"""The languages of the pages, and which of them, and which appearance, a reader has chosen."""

from typing import Any

from apiflask import APIFlask
from flask import has_request_context, request
from flask_babel import Babel

# Each by its own name; the first is the language that the code is written in.
LANGUAGES = {"en": "English", "zh": "中文"}
APPEARANCES = ("auto", "light", "dark")
LANGUAGE, APPEARANCE = "language", "appearance"


def speak_languages(app: APIFlask) -> None:
    """Set up the catalogues, and tell the templates the language and the appearance."""
    Babel(app, default_locale="en", locale_selector=language)
    app.context_processor(_chosen)


def language() -> str:
    """Return the language of the answer: the one that was chosen, else the browser's first.

    The API speaks English alone.
    """
    if not has_request_context() or request.path.startswith("/api/v1/"):
        return "en"
    chosen = request.cookies.get(LANGUAGE)
    if chosen in LANGUAGES:
        return str(chosen)
    return request.accept_languages.best_match(LANGUAGES) or "en"


def appearance() -> str:
    """Return the appearance that was chosen: light, dark, or as the machine's."""
    chosen = request.cookies.get(APPEARANCE)
    return str(chosen) if chosen in APPEARANCES else "auto"


def _chosen() -> dict[str, Any]:
    return {
        "language": language(),
        "languages": LANGUAGES,
        "appearance": appearance(),
        "appearances": APPEARANCES,
    }
