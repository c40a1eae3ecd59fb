"""Errors as answers: RFC 9457 problem details under /api, a page elsewhere."""

import json
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

import structlog
from apiflask import APIFlask
from flask import Response, render_template, request
from flask.typing import ResponseReturnValue
from gunicorn.http.errors import NoMoreData, ParseException
from jinja2 import TemplateNotFound
from markupsafe import escape
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from werkzeug.exceptions import (
    BadRequest,
    HTTPException,
    MethodNotAllowed,
    NotFound,
    RequestEntityTooLarge,
)

from shared.db import is_away
from shared.errors import (
    CharloomError,
    FieldProblem,
    InternalError,
    StoreAway,
    TooManyRequests,
)
from shared.ids import new_id
from shared.said import said
from web.messages import _l

RETRY_SECONDS = 5
MOST_RECEIVED = 200

# RFC 9110: a 401 always says which scheme is wanted.
ADVICE = {
    401: {"WWW-Authenticate": 'Bearer realm="charloom"'},
    429: {"Retry-After": str(RETRY_SECONDS)},
}
# The names of others come from the standard library, where these differ between versions.
CODES = {
    413: "too_large",
    414: "uri_too_long",
    416: "range_not_satisfiable",
    500: "internal",
}

# What pages call them; others are called as HTTP calls them.
TITLES = {
    400: _l("Bad Request"),
    401: _l("Unauthorized"),
    403: _l("Forbidden"),
    404: _l("Not Found"),
    405: _l("Method Not Allowed"),
    409: _l("Conflict"),
    412: _l("Precondition Failed"),
    413: _l("Too large"),
    415: _l("Unsupported Media Type"),
    416: _l("Range not satisfiable"),
    422: _l("Not acceptable"),
    429: _l("Too Many Requests"),
    500: _l("Internal Server Error"),
    503: _l("Service Unavailable"),
}

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Answer:
    """An error as it is told; ``extra`` are further members of the problem."""

    status: int
    code: str
    detail: str
    problems: list[FieldProblem] = field(default_factory=list)
    headers: dict[str, str] = field(default_factory=dict)
    extra: dict[str, str] = field(default_factory=dict)


def register_errors(app: APIFlask) -> None:
    """Make every error an answer of one shape."""
    app.register_error_handler(CharloomError, _charloom)
    app.register_error_handler(StoreAway, _store)
    app.register_error_handler(HTTPException, _http)
    app.register_error_handler(ParseException, _broken_off)
    app.register_error_handler(NoMoreData, _broken_off)
    app.register_error_handler(DBAPIError, _database)
    app.register_error_handler(PoolTimeout, _database)
    app.register_error_handler(Exception, _unexpected)


def code_of(status: int) -> str:
    """Return the stable code of an error that only its status tells of."""
    return CODES.get(status, HTTPStatus(status).name.lower())


def json_safe(value: object) -> object:
    """Return a received value as JSON can carry it, cut to 200 characters."""
    try:
        text = json.dumps(value, ensure_ascii=False, default=str)
    except (RecursionError, ValueError):
        return "…"
    text = text.encode("utf-8", "replace").decode()
    safe = json.loads(text, parse_constant=str)
    shown = safe if isinstance(safe, str) else text
    return safe if len(shown) <= MOST_RECEIVED else shown[:MOST_RECEIVED] + "…"


def _charloom(error: CharloomError) -> Response:
    if isinstance(error, InternalError):
        return _unexpected(error)
    return refuse(error)


def refuse(error: CharloomError) -> Response:
    """Return the answer to what its caller can mend."""
    headers = ADVICE.get(error.status, {})
    if isinstance(error, TooManyRequests):
        headers = {"Retry-After": str(error.retry_seconds)}
    return _answer(Answer(error.status, error.code, error.args[0], error.problems, headers))


def _http(error: HTTPException) -> ResponseReturnValue:
    if error.response is not None or error.code is None:
        return error.get_response()
    headers = {k: v for k, v in error.get_headers(request.environ) if k != "Content-Type"}
    return _answer(Answer(error.code, code_of(error.code), _detail(error), headers=headers))


def _detail(error: HTTPException) -> str:
    if isinstance(error, RequestEntityTooLarge):
        return _too_large()
    if isinstance(error, NotFound):
        return said("there is nothing at {path}", path=request.path)
    if isinstance(error, MethodNotAllowed):
        allowed = ", ".join(sorted(error.valid_methods or []))
        return said(
            "{method} is not possible here; allowed: {methods}",
            method=request.method,
            methods=allowed,
        )
    return error.description or str(error)


def _too_large() -> str:
    most, length = request.max_content_length, request.content_length
    if most is None or (length is not None and length <= most):
        return said(
            "the form has more than the {most} parts accepted here, or a field larger than {bytes} "
            "bytes",
            most=f"{request.max_form_parts:,}",
            bytes=f"{request.max_form_memory_size:,}",
        )
    return said("the request is larger than the {most} bytes accepted here", most=f"{most:,}")


def _broken_off(error: ParseException | NoMoreData) -> ResponseReturnValue:
    """Answer a body that gunicorn could not read to its end."""
    return _http(BadRequest(said("the body is broken: {why}", why=error)))


def _database(error: DBAPIError | PoolTimeout) -> Response:
    if not is_away(error):
        return _unexpected(error)
    log.error("database unavailable", error=str(error), path=request.path)
    return _answer(
        Answer(
            503,
            "database_unavailable",
            said("the database cannot be reached; try again in a moment"),
            headers={"Retry-After": str(RETRY_SECONDS)},
        )
    )


def _store(error: StoreAway) -> Response:
    log.error("store of blobs unavailable", error=str(error), path=request.path)
    detail = said("the store of texts and models cannot be reached; try again in a moment")
    headers = {"Retry-After": str(RETRY_SECONDS)}
    return _answer(Answer(503, error.code, detail, headers=headers))


def _unexpected(error: Exception) -> Response:
    """Tell the caller only where to look: what went wrong stands in the log."""
    error_id = new_id()
    log.error("request failed", error_id=error_id, path=request.path, exc_info=error)
    detail = said("something went wrong on our side; the log has it as {id}", id=error_id)
    return _answer(Answer(500, "internal", detail, extra={"error_id": error_id}))


def _answer(answer: Answer) -> Response:
    if request.path == "/api" or request.path.startswith("/api/"):
        body, mimetype = json.dumps(problem(answer)), "application/problem+json"
    else:
        body, mimetype = _page(answer), "text/html"
    response = Response(body, answer.status, mimetype=mimetype)
    response.headers.update(answer.headers)
    return response


def problem(answer: Answer) -> dict[str, Any]:
    """Return the members of RFC 9457, and ours: code, errors."""
    return {
        "type": "about:blank",
        "title": HTTPStatus(answer.status).phrase,
        "status": answer.status,
        "detail": answer.detail,
        "code": answer.code,
        "errors": [
            {
                "field": json_safe(wrong.field),
                "message": wrong.message,
                "received": json_safe(wrong.received),
                "accepted": wrong.accepted,
            }
            for wrong in answer.problems
        ],
        **answer.extra,
    }


def title_of(status: int) -> str:
    """Return what an error is called on a page."""
    return str(TITLES.get(status, HTTPStatus(status).phrase))


def _page(answer: Answer) -> str:
    title = title_of(answer.status)
    try:
        return render_template(
            "error.html", status=answer.status, title=title, detail=answer.detail
        )
    except TemplateNotFound:
        return (
            f"<!doctype html><html lang=en><title>{escape(title)}</title>"
            f"<h1>{answer.status} {escape(title)}</h1><p>{escape(answer.detail)}</p></html>"
        )
