"""The API's document as a page to read and to try out: Swagger UI, from its installed package."""

from importlib.util import find_spec
from pathlib import Path

from apiflask import APIBlueprint
from flask import render_template
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
    """Show the document. It tells nothing that the API's token protects."""
    return render_template("api_docs.html")
