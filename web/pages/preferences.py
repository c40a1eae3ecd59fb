"""What a reader chooses of the pages: their language and their appearance."""

from apiflask import APIBlueprint
from flask import Response, redirect, request
from werkzeug.exceptions import BadRequest

from shared.said import said
from web.languages import APPEARANCE, APPEARANCES, LANGUAGE, LANGUAGES

preferences = APIBlueprint("preferences", __name__, url_prefix="/preferences", enable_openapi=False)

YEAR = 365 * 24 * 3600
CHOICES = {LANGUAGE: tuple(LANGUAGES), APPEARANCE: APPEARANCES}


@preferences.post("")
def choose() -> Response:
    """Remember what was chosen in the browser, and go back to where it was chosen."""
    response = redirect(safe_path(request.form.get("back", "")), 303)
    for name, choices in CHOICES.items():
        chosen = request.form.get(name)
        if chosen is None:
            continue
        if chosen not in choices:
            raise BadRequest(
                said("{name} is one of: {choices}; received: {received}",
                     name=name, choices=", ".join(choices), received=chosen[:40])
            )  # fmt: skip
        response.set_cookie(
            name, chosen, max_age=YEAR, samesite="Lax", httponly=True, secure=request.is_secure
        )
    return response  # type: ignore[return-value]


def safe_path(path: str) -> str:
    """Return where to go back to: a path of this service, and of no other host."""
    inside = path.startswith("/") and not path.startswith(("//", "/\\"))
    return path if inside and path.isprintable() else "/"
