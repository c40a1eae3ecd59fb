"""Reading requests: strictly, with errors in this service's words."""

import json
import re
from collections.abc import Callable
from dataclasses import replace
from functools import wraps
from typing import Annotated, Any, TypeVar

from apiflask import APIBlueprint
from flask import request
from pydantic import BaseModel, BeforeValidator, Field, ValidationError
from werkzeug.exceptions import RequestEntityTooLarge, UnsupportedMediaType
from werkzeug.wsgi import LimitedStream

from shared.errors import InvalidFields, TooLarge, UserError
from shared.fields import Id, Spec
from shared.pages import DEFAULT_LIMIT, MAX_LIMIT
from shared.problems import invalid

M = TypeVar("M", bound=BaseModel)
View = TypeVar("View", bound=Callable[..., Any])

# The largest prompt is 100,000 characters; escaped, one takes up to twelve bytes.
SPEC_BYTES = 2 * 1024 * 1024
# Possessive: else it would remember each escape.
JSON_TEXT = re.compile(rb'"(?:[^"\\]++|\\.)*+"', re.DOTALL)
MOST_NUMBER = 2**31 - 1
MOST_IDS = 100


class MalformedJson(UserError):
    """The body is not JSON."""

    code = "malformed_json"
    status = 400


def _number(value: object) -> object:
    """Read decimal digits; anything else is left for the strict check to refuse."""
    plain = isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 20
    return int(str(value)) if plain else value


def _truth(value: object) -> object:
    """Read what a query says of a box; anything else is left for the strict check to refuse."""
    return {"true": True, "false": False}.get(value, value) if isinstance(value, str) else value


# The limits go first: behind the other validator the document would not tell them.
Number = Annotated[int, Field(ge=0, le=MOST_NUMBER), BeforeValidator(_number)]
Truth = Annotated[bool, BeforeValidator(_truth)]
Limit = Annotated[int, Field(ge=1, le=MAX_LIMIT), BeforeValidator(_number)]


def without_defaults(schema: dict[str, Any]) -> None:
    """Let the document of a change tell no defaults: what is left out stays as it is."""
    for field in schema["properties"].values():
        field.pop("default", None)


def _split(value: object) -> object:
    return value.split(",") if isinstance(value, str) else value


Ids = Annotated[list[Id], Field(min_length=1, max_length=MOST_IDS), BeforeValidator(_split)]


class PageQuery(Spec):
    """Which page of a list whose rows have ids."""

    limit: Limit = Field(DEFAULT_LIMIT, description="Most rows to return.")
    after: Id | None = Field(None, description="The last id of the page before.")


class NumberedQuery(Spec):
    """Which page of a list whose rows are numbered."""

    limit: Limit = Field(DEFAULT_LIMIT, description="Most rows to return.")
    after: Number | None = Field(None, description="The last number of the page before.")


def takes(
    blueprint: APIBlueprint, model: type[BaseModel], location: str = "json"
) -> Callable[[View], View]:
    """Describe a view's input in the document and pass it on, validated.

    The view gets it as ``body``, ``query`` or ``headers``. APIFlask's own ``input`` writes the
    document, but it neither reads strictly nor says what is accepted.
    """
    name, read = READERS[location]

    def decorator(view: View) -> View:
        described = blueprint.input(model, location=location)(view)

        @wraps(described)
        def wrapper(*args: Any, **kwargs: Any) -> Any:
            return view(*args, **{name: read(model)}, **kwargs)

        return wrapper  # type: ignore[return-value]

    return decorator


def validated(model: type[M], data: object) -> M:
    """Return the model of ``data``. Raises ``InvalidFields``."""
    try:
        return model.model_validate(data)
    except ValidationError as error:
        raise invalid(error, model) from error


def json_body(model: type[M]) -> M:
    """Return the JSON body, validated.

    Raises ``InvalidFields``, ``MalformedJson``, ``TooLarge``, ``RequestEntityTooLarge``.
    """
    if not request.is_json:
        raise UnsupportedMediaType(
            f"the body must be application/json; received {request.mimetype or 'no Content-Type'}"
        )
    data = request.get_data()
    check_whole()
    _check_plain(data)
    return validated(model, parse_json(data))


def check_whole() -> None:
    """Refuse a body that was cut off at the limit. Raises ``RequestEntityTooLarge``.

    Werkzeug refuses one that says its length, and leaves off reading one that does not.
    """
    stream = request.stream
    if request.content_length is None and isinstance(stream, LimitedStream) and stream.is_exhausted:
        raise RequestEntityTooLarge


def _check_plain(data: bytes) -> None:
    """Refuse a large body that is large by anything but its texts. Raises ``TooLarge``.

    Ten million empty lists are a few bytes each as JSON, and gigabytes as objects.
    """
    if len(data) <= SPEC_BYTES:
        return
    outside, end = 0, 0
    for text in JSON_TEXT.finditer(data):
        outside, end = outside + text.start() - end, text.end()
        if outside > SPEC_BYTES:
            break
    else:
        outside += len(data) - end
    if outside > SPEC_BYTES:
        raise TooLarge(f"only a text may be large: all else of the JSON, {SPEC_BYTES:,} bytes")


def parse_json(data: bytes) -> Any:
    """Return what JSON text says. Raises ``MalformedJson``, ``InvalidFields`` for a double key."""
    try:
        return json.loads(data, object_pairs_hook=_once)
    except (ValueError, RecursionError) as error:
        raise MalformedJson(f"the body is not JSON: {error}") from error


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            raise InvalidFields.one(key, "this field is there twice", value, "each field once")
        found[key] = value
    return found


def small_body(model: type[M]) -> M:
    """Return the JSON body, validated. Raises ``RequestEntityTooLarge``, and as ``json_body``."""
    # A spec is small: only a text may be as large as an upload.
    most = min(SPEC_BYTES, request.max_content_length or SPEC_BYTES)
    request.max_content_length = most
    # Where a form's token was looked for, the limit of the reading is set already.
    if (request.content_length or 0) > most:
        raise RequestEntityTooLarge
    return json_body(model)


def _query(model: type[M]) -> M:
    # A parameter that comes twice stays a list, which no field accepts.
    given = {key: v[0] if len(v) == 1 else v for key, v in request.args.lists()}
    return validated(model, given)


def _headers(model: type[M]) -> M:
    names = {name: name.replace("_", "-").title() for name in model.model_fields}
    given = {f: request.headers[name] for f, name in names.items() if name in request.headers}
    try:
        return validated(model, given)
    except InvalidFields as error:
        error.problems = [replace(p, field=names.get(p.field, p.field)) for p in error.problems]
        raise


READERS: dict[str, tuple[str, Callable[[type[Any]], Any]]] = {
    "json": ("body", small_body),
    "query": ("query", _query),
    "headers": ("headers", _headers),
}
