"""A schedule on the running stack: its text comes from a server, its model keeps up with it."""

import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from hashlib import sha256
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest
from standardwebhooks import Webhook

from cli.client import Client
from shared.corpora.sources import python_reference
from tests.support.stacks import wait_for
from tests.support.web import serving

pytestmark = pytest.mark.timeout(300)

PROSE = python_reference()[:40_000]
TRAINING = {"preset": "tiny", "loss_at": "every", "optimizer": "adam", "max_windows": 3200}


@dataclass
class Server:
    """A text that its server can change, and what is posted to the same server."""

    text: str = PROSE
    answers: list[int] = field(default_factory=list)
    posted: list[tuple[dict[str, str], bytes]] = field(default_factory=list)
    url: str = ""

    def answer(self, request: BaseHTTPRequestHandler) -> None:
        """Answer GET with the text, or 304 where it was seen; keep what is posted."""
        if request.command == "POST":
            body = request.rfile.read(int(request.headers["Content-Length"]))
            self.posted.append(({k.lower(): v for k, v in request.headers.items()}, body))
            request.send_response(204)
            request.end_headers()
            return
        body = self.text.encode()
        tag = f'"{sha256(body).hexdigest()}"'
        self.answers.append(304 if request.headers.get("If-None-Match") == tag else 200)
        request.send_response(self.answers[-1])
        request.send_header("ETag", tag)
        request.end_headers()
        if self.answers[-1] == 200:
            request.wfile.write(body)


@pytest.fixture
def server() -> Iterator[Server]:
    made = Server()
    with serving(made.answer) as url:
        made.url = url
        yield made


@dataclass
class Scheduled:
    """A schedule, as a user of the API sees it."""

    client: Client
    id: str

    def run(self) -> dict[str, Any]:
        """Run it now; return the run when it has ended, and what it wrote has, too."""
        made = self.client.post(f"/schedules/{self.id}/run")
        wait_for(lambda: self._run(made["id"])["ended_at"] is not None, 120)
        run = self._run(made["id"])
        if job := run["generation_job_id"]:
            wait_for(lambda: self.client.job(job)["status"] == "succeeded", 60)
        return run

    def model(self) -> dict[str, Any]:
        """Return the schedule's model."""
        return self.client.get("/models/keeper")

    def text(self, folder: Path) -> str:
        """Return what stands at the model's stable address."""
        self.client.download("/models/keeper/latest/output.txt", folder / "output.txt")
        return (folder / "output.txt").read_text(encoding="utf-8")

    def _run(self, run_id: str) -> dict[str, Any]:
        runs = self.client.get(f"/schedules/{self.id}/runs")["data"]
        found: dict[str, Any] = next(run for run in runs if run["id"] == run_id)
        return found


def test_a_model_keeps_up_with_its_text(client: Client, server: Server, tmp_path: Path) -> None:
    """Unchanged it skips, changed it retrains from the promoted checkpoint, with new characters;
    what is better is promoted, noise is not; roll back works; the stable address follows."""
    receiver = client.post("/receivers", {"name": "ours", "url": server.url})
    corpus = client.add_corpus("the text", text=PROSE)
    schedule = Scheduled(client, client.post("/schedules", {
        "name": "keeping up", "cron": "nightly", "time_zone": "Europe/Berlin", "model": "keeper",
        "corpus_id": corpus["id"], "url": server.url, "training": TRAINING,
        "generation": {"length": 200}, "notify": [receiver["id"]],
    })["id"])  # fmt: skip

    first = schedule.run()
    assert (first["status"], server.answers) == ("succeeded", [200])
    assert first["reason"].startswith("promoted: the first one")
    promoted = schedule.model()["checkpoint_id"]
    text = schedule.text(tmp_path)
    assert len(text) == 200

    unchanged = schedule.run()
    assert (unchanged["status"], server.answers) == ("skipped", [200, 304])
    assert unchanged["reason"].startswith("the text is the one of ")

    server.text = PROSE + "Ünïcode naïveté, 秋の夜。 " * 40 + python_reference()[40_000:60_000]
    better = schedule.run()
    assert better["reason"].startswith("promoted: "), better
    job = client.job(better["job_id"])
    assert job["checkpoint_id"] == promoted
    newer = schedule.model()["checkpoint_id"]
    assert newer != promoted
    knows = client.get(f"/corpora/{corpus['id']}")["latest_version"]["vocabulary_size"]
    assert knows > corpus["latest_version"]["vocabulary_size"]
    rewritten = schedule.text(tmp_path)
    assert len(rewritten) == 200
    assert rewritten != text

    server.text = "".join(random.Random(0).choices(sorted(set(PROSE)), k=40_000))
    noise = schedule.run()
    assert noise["status"] == "succeeded"
    assert noise["reason"].startswith("kept: ")
    assert "the promoted one" in noise["reason"]
    assert schedule.model()["checkpoint_id"] == newer
    assert schedule.text(tmp_path) == rewritten

    back = client.post("/models/keeper/rollback", {})
    assert back["checkpoint_id"] == promoted
    assert schedule.text(tmp_path) == text
    client.download("/models/keeper/latest/model.keras", tmp_path / "model.keras")
    actions = [line["action"] for line in client.get("/models/keeper/history")["data"]]
    assert actions == ["promoted", "promoted", "kept", "rolled_back"]

    # Two promoted and one kept; two jobs that wrote.
    wait_for(lambda: len(server.posted) == 5, 30)
    hook = Webhook(receiver["secret"])
    told = sorted(hook.verify(body, headers)["type"] for headers, body in server.posted)
    assert told == ["job.succeeded"] * 2 + ["schedule.kept"] + ["schedule.promoted"] * 2
