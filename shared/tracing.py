"""Traces for an OpenTelemetry receiver; where none is set, nothing is imported for them.

A span's place is handed on as a ``traceparent`` of the W3C, which is stored with a job: so a run is
part of the trace of the request that submitted it, whichever process runs it, and whenever.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from structlog.contextvars import bound_contextvars

from shared.errors import SettingsError
from shared.origins import TRACE
from shared.settings import Settings


class Span:
    """What is done between two moments, or nothing where there are no traces."""

    traceparent: str | None = None

    def end(self, **attributes: Any) -> None:
        """End it, with what is known only now."""


class RecordedSpan(Span):
    """A span of the library's."""

    def __init__(self, span: Any, traceparent: str | None):
        self._span, self.traceparent = span, traceparent

    def end(self, **attributes: Any) -> None:
        """End it, with what is known only now."""
        self._span.set_attributes(attributes)
        self._span.end()


class Tracer:
    """Makes no spans."""

    def begin(
        self, name: str, parent: str | None, started: datetime | None = None, **attributes: Any
    ) -> Span:
        """Begin a span of the trace of ``parent``, or of a new one."""
        return Span()

    def end(self) -> None:
        """Send what is left."""


class RecordingTracer(Tracer):
    """Sends spans to a receiver, from a thread."""

    def __init__(self, endpoint: str, service: str):
        """Raise ``SettingsError`` where the library is not installed."""
        try:
            from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
            from opentelemetry.sdk.resources import Resource
            from opentelemetry.sdk.trace import TracerProvider
            from opentelemetry.sdk.trace.export import BatchSpanProcessor
            from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator
        except ImportError as error:
            raise SettingsError(
                "CHARLOOM_OTLP_ENDPOINT is set, but OpenTelemetry is not installed: "
                "`pip install charloom[otel]`"
            ) from error
        exporter = OTLPSpanExporter(endpoint=f"{endpoint.rstrip('/')}/v1/traces")
        self._provider = TracerProvider(resource=Resource.create({"service.name": service}))
        self._provider.add_span_processor(BatchSpanProcessor(exporter))
        self._tracer = self._provider.get_tracer("charloom")
        self._words = TraceContextTextMapPropagator()

    def begin(
        self, name: str, parent: str | None, started: datetime | None = None, **attributes: Any
    ) -> Span:
        """Begin a span of the trace of ``parent``, or of a new one."""
        from opentelemetry.trace import set_span_in_context

        span = self._tracer.start_span(
            name,
            context=self._words.extract({TRACE: parent} if parent else {}),
            start_time=int(started.timestamp() * 1e9) if started else None,
            attributes=attributes,
        )
        written: dict[str, str] = {}
        self._words.inject(written, set_span_in_context(span))
        return RecordedSpan(span, written.get(TRACE))

    def end(self) -> None:
        """Send what is left."""
        self._provider.shutdown()


def make_tracer(settings: Settings, service: str) -> Tracer:
    """Return what makes the spans of a process, after the fork. Raises ``SettingsError``."""
    if not settings.otlp_endpoint:
        return Tracer()
    return RecordingTracer(settings.otlp_endpoint, service)


@contextmanager
def spanning(tracer: Tracer, name: str, parent: str | None, **attributes: Any) -> Iterator[Span]:
    """Begin a span that ends with the block; what is done in it belongs to it."""
    span = tracer.begin(name, parent, **attributes)
    bound = {TRACE: span.traceparent} if span.traceparent else {}
    with bound_contextvars(**bound):
        try:
            yield span
        finally:
            span.end()
