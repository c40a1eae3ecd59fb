"""Parts of a page that an open page asks for again and again, to stay up to date."""

from hashlib import sha256

from flask import Response, request

from web.headers import CACHED


def asked_for_part() -> bool:
    """Tell whether the part of the page that changes is wanted alone."""
    return request.args.get("part") == "live"


def unless_known(body: str, mimetype: str = "text/html") -> Response:
    """Return what an open page asks for; 304 where it has it as it is."""
    response = Response(body, mimetype=mimetype)
    response.set_etag(sha256(body.encode()).hexdigest()[:32])
    response.headers["Cache-Control"] = CACHED
    response.make_conditional(request)
    return response
