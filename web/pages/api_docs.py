"""The API's operations as a page to read and to try out: Swagger UI, from its package."""

from importlib.util import find_spec
from pathlib import Path
from typing import Any

from apiflask import APIBlueprint
from flask import current_app, render_template
from flask.typing import ResponseReturnValue

# Found rather than imported: the files are all we want of it.
PACKAGE = "flask_swagger_ui"


def _folder() -> Path:
    spec = find_spec(PACKAGE)
    if spec is None or not spec.submodule_search_locations:
        raise ModuleNotFoundError(f"{PACKAGE} is not installed: it has the page of /api/docs")
    return Path(spec.submodule_search_locations[0], "dist")


api_docs = APIBlueprint(
    "api_docs",
    __name__,
    url_prefix="/api/docs",
    static_folder=str(_folder()),
    static_url_path="/swagger",
    enable_openapi=False,
)


@api_docs.get("")
def index() -> ResponseReturnValue:
    """Show the operations. They tell nothing that the API's token protects.

    Swagger UI, half a megabyte of script, comes where it is asked for.
    """
    document: dict[str, Any] = current_app.spec  # type: ignore[attr-defined]
    return render_template("api_docs.html", groups=_groups(document))


def _groups(document: dict[str, Any]) -> dict[str, list[tuple[str, str, str]]]:
    """Return the operations of each tag: method, path, what it does."""
    groups: dict[str, list[tuple[str, str, str]]] = {tag["name"]: [] for tag in document["tags"]}
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            groups[operation["tags"][0]].append((method.upper(), path, operation["summary"]))
    return groups
