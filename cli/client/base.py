"""What the nouns of the API have in common."""

from collections.abc import Iterator
from itertools import islice
from typing import Any, TypeVar
from urllib.parse import quote

from pydantic import BaseModel, ValidationError

from cli.client.connection import Connection, Json
from cli.errors import Refused, ServerFailed, told
from shared.errors import InvalidFields, NotFound
from shared.problems import invalid

M = TypeVar("M", bound=BaseModel)
MOST_ROWS = 1000
KEYS = ("id", "seq", "epoch")
# What a server takes for another path, however it is quoted.
NO_NAMES = ("", ".", "..")


class Nouns:
    """Some nouns of an installation's API."""

    def __init__(self, connection: Connection):
        self._connection = connection

    def get(self, path: str, **params: Any) -> Json:
        """Return what ``path`` of the API answers."""
        return self._connection.json("GET", path, params=params)

    def post(self, path: str, body: Json | None = None) -> Json:
        """Send a body to ``path`` of the API; return the answer."""
        return self._connection.json("POST", path, json=body)

    def patch(self, path: str, body: Json) -> Json:
        """Send changes to ``path`` of the API; return the answer."""
        return self._connection.json("PATCH", path, json=body)

    def put(self, path: str) -> None:
        """Put what ``path`` of the API says there."""
        self._connection.json("PUT", path)

    def delete(self, path: str) -> None:
        """Delete what is at ``path`` of the API."""
        self._connection.json("DELETE", path)

    def listed(self, path: str, limit: int | None = None, **params: Any) -> Iterator[Json]:
        """Yield the rows of a list, at most ``limit``, page after page."""
        size = min(limit or MOST_ROWS, MOST_ROWS)
        return islice(self._pages(path, {"limit": size} | given(params)), limit)

    def _pages(self, path: str, params: Json) -> Iterator[Json]:
        has_more = True
        while has_more:
            page = self.get(path, **params)
            if not isinstance(page.get("data"), list):
                raise ServerFailed(f"{path} of this server is no list: it is no charloom")
            yield from page["data"]
            has_more = page.get("has_more", False)
            if has_more:
                params = params | {"after": _key(page["data"][-1])}


def given(fields: Json) -> Json:
    """Return the fields that are not None."""
    return {name: value for name, value in fields.items() if value is not None}


def at(noun: str, name: str, *rest: str) -> str:
    """Return the path of one thing: what stands in its name cannot lead elsewhere.

    Raises ``Refused`` for a name that cannot stand in a path, and so is nothing's.
    """
    if "/" in name or name in NO_NAMES:
        one = "corpus" if noun == "corpora" else noun[:-1]
        field = "name" if noun == "models" else "id"
        raise Refused(f"no {one} has the {field} {name!r}", 404, NotFound.code)
    return "/".join(["", noun, quote(name, safe="", errors="surrogateescape"), *rest])


def checked(model: type[M], fields: Json) -> M:
    """Return the model of ``fields``. Raises ``InvalidFields`` that names each bad one."""
    try:
        return model.model_validate(fields)
    except ValidationError as error:
        problems = invalid(error, model).problems
        raise InvalidFields("; ".join(told(problems)), problems) from error


def sent(request: BaseModel) -> Json:
    """Return a request's body: what was given alone, so that the server's defaults hold."""
    return request.model_dump(mode="json", exclude_unset=True)


def _key(row: Json) -> Any:
    """Return what a list's next page begins behind: an id, or the number of an event or epoch."""
    return next(row[name] for name in KEYS if name in row)
