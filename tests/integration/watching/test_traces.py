"""Traces, as a receiver of OTLP over HTTP reads them."""

import gzip
import subprocess
import sys
from http.server import BaseHTTPRequestHandler

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span
from structlog.contextvars import get_contextvars

from shared.db import Database
from shared.errors import LeaseLost
from shared.queue import FakeTickets
from shared.settings import Settings
from shared.tracing import make_tracer
from tests.support.apps import make_app
from tests.support.web import serving
from worker import runners
from worker.node import Node
from worker.stopping import StopFlag

TRACE = "0af7651916cd43dd8448eb211c80319c"
HEADERS = {
    "Authorization": "Bearer test-token",
    "traceparent": f"00-{TRACE}-b7ad6b7169203331-01",
    "X-Request-ID": "of-a-test",
}


class Receiver:
    """Keeps the spans that it is sent."""

    def __init__(self) -> None:
        self.spans: list[Span] = []

    def __call__(self, request: BaseHTTPRequestHandler) -> None:
        """Take what is posted."""
        body = request.rfile.read(int(request.headers["Content-Length"]))
        if request.headers.get("Content-Encoding") == "gzip":
            body = gzip.decompress(body)
        assert request.path == "/v1/traces"
        for resource in ExportTraceServiceRequest.FromString(body).resource_spans:
            self.spans += [span for scope in resource.scope_spans for span in scope.spans]
        request.send_response(200)
        request.send_header("Content-Length", "0")
        request.end_headers()


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_run_belongs_to_the_trace_of_its_request(
    settings: Settings, db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From the caller's own span to the request, and from that to the wait and the run."""
    seen: list[dict[str, str]] = []

    def run(*_: object) -> None:
        seen.append(dict(get_contextvars()))
        raise LeaseLost("enough")

    monkeypatch.setattr(runners, "runner_of", lambda _: run)
    receiver = Receiver()
    with serving(receiver) as url:
        traced = settings.model_copy(update={"otlp_endpoint": url.rpartition("/")[0]})
        app = make_app(traced, FakeTickets())
        client = app.test_client()
        corpus = {"name": "n", "text": "A journey. " * 200}
        made = client.post("/api/v1/corpora", json=corpus, headers=HEADERS).get_json()
        wanted = {"corpus_id": made["id"], "preset": "tiny"}
        assert client.post("/api/v1/training-jobs", json=wanted, headers=HEADERS).status_code == 202
        tracer = make_tracer(traced, "charloom-worker")
        assert runners.work(Node(traced, db, "node:1", StopFlag(), tracer=tracer), "train") == 1
        tracer.end()
        app.extensions["charloom.tracer"].end()
        app.extensions["charloom"].db.close()
    spans = {span.name: span for span in receiver.spans}
    request = spans["POST submissions.train"]
    assert {span.trace_id.hex() for span in receiver.spans} == {TRACE}
    assert request.parent_span_id.hex() == "b7ad6b7169203331"
    assert spans["queued"].parent_span_id == spans["run"].parent_span_id == request.span_id
    assert seen[0]["request"] == "of-a-test"
    assert seen[0]["traceparent"] == f"00-{TRACE}-{spans['run'].span_id.hex()}-01"


def test_without_the_setting_no_exporter_is_loaded() -> None:
    """Redis' client loads some of the library by itself: what costs is not among it."""
    program = (
        "import sys; from web import create_app; from shared.settings import load_settings\n"
        "from shared.tracing import make_tracer; s = load_settings(database_url='sqlite://')\n"
        "create_app(s); make_tracer(s, 'x').begin('x', None).end()\n"
        "loaded = ('opentelemetry.sdk.trace.export', 'opentelemetry.exporter', 'google.protobuf')\n"
        "sys.exit(any(name in sys.modules for name in loaded))"
    )
    assert subprocess.run([sys.executable, "-c", program], timeout=60).returncode == 0
