"""What is noted of every request: its id, how long its answer took, its span.

A polled request is answered in a fraction of a millisecond: this may cost it next to nothing.
"""

import time
from collections.abc import Callable

from apiflask import APIFlask
from flask import Response, g, request
from prometheus_client import Histogram
from structlog.contextvars import bind_contextvars, unbind_contextvars

from shared.meters import METERS
from shared.origins import REQUEST, TRACE, request_id
from shared.settings import Settings
from shared.tracing import Tracer, make_tracer

HEADER = "X-Request-ID"
# Until an answer begins: what listens to a job is answered for as long as that runs.
SECONDS = Histogram(
    "charloom_http_request_duration_seconds",
    "How long requests waited for the beginning of their answer.",
    ["endpoint", "status"],
    buckets=(0.005, 0.025, 0.1, 0.25, 0.5, 1, 2.5, 10),
    registry=METERS,
)
# Looking a meter up costs more than to count with it; endpoints and statuses are few.
_observers: dict[tuple[str | None, int], Callable[[float], None]] = {}


def watch_requests(app: APIFlask, settings: Settings) -> None:
    """Note every request of an application; before all else, so that its refusals count too."""
    tracer = make_tracer(settings, "charloom-web")
    app.extensions["charloom.tracer"] = tracer
    traces = bool(settings.otlp_endpoint)

    def begin() -> None:
        g.began = time.perf_counter()
        g.request_id = request_id(request.headers.get(HEADER))
        bind_contextvars(**{REQUEST: g.request_id})
        if traces:
            _begin_span(tracer)

    def finish(response: Response) -> Response:
        if "began" in g:
            response.headers[HEADER] = g.request_id
            _observer(request.endpoint, response.status_code)(time.perf_counter() - g.began)
        if traces and "span" in g:
            g.span.end(**{"http.response.status_code": response.status_code})
        return response

    def forget(_error: BaseException | None) -> None:
        # The thread goes on to another request.
        unbind_contextvars(REQUEST, TRACE)

    app.before_request(begin)
    app.after_request(finish)
    app.teardown_request(forget)


def _begin_span(tracer: Tracer) -> None:
    endpoint = request.endpoint or "nothing"
    g.span = tracer.begin(
        f"{request.method} {endpoint}", request.headers.get(TRACE),
        **{"http.request.method": request.method, "http.route": str(request.url_rule or ""),
           "charloom.request": g.request_id},
    )  # fmt: skip
    if g.span.traceparent:
        bind_contextvars(**{TRACE: g.span.traceparent})


def _observer(endpoint: str | None, status: int) -> Callable[[float], None]:
    key = endpoint, status
    if key not in _observers:
        _observers[key] = SECONDS.labels(endpoint or "nothing", status).observe
    return _observers[key]
