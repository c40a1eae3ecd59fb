"""docs/nightly.py against a small server: what goes wrong is one clear line."""

import json
import subprocess
import sys
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest

from cli.child import ROOT
from tests.support.servers import free_port
from tests.support.web import Answer, sends, serving

JOB = {"id": "j", "status": "succeeded", "error": None}
CHECKPOINTS = {"data": [{"id": "k", "best": True}]}


def nightly(
    url: str, folder: Path, *words: str, known: bool = True
) -> subprocess.CompletedProcess[str]:
    """Run the script in a folder."""
    env = {"CHARLOOM_URL": url} | ({"CHARLOOM_TOKEN": "t"} if known else {})
    line = [sys.executable, str(ROOT / "docs" / "nightly.py"), "c", "text.txt", *words]
    return subprocess.run(
        line, cwd=folder, env=env, text=True, capture_output=True, check=False, timeout=30
    )


def service(asked: list[tuple[str, str | None, bytes]], busy: int = 0) -> Answer:
    """Answer as the API does, and as if it were busy at first; remember what is asked."""

    def answer(request: BaseHTTPRequestHandler) -> None:
        body = request.rfile.read(int(request.headers.get("Content-Length", 0)))
        asked.append((request.path, request.headers["Idempotency-Key"], body))
        if len(asked) <= busy:
            request.send_response(503)
            request.send_header("Retry-After", "0")
            request.send_header("Content-Length", "0")
            request.end_headers()
            return
        found = CHECKPOINTS if request.path.endswith("/checkpoints") else JOB
        is_text = request.path.endswith(".txt")
        sends(b"the text" if is_text else json.dumps(found).encode())(request)

    return answer


@pytest.mark.parametrize("end", ["", "/api/v1/"])
def test_trains_writes_and_downloads(tmp_path: Path, end: str) -> None:
    """What is busy is asked again with the same key; what is no JSON is text."""
    asked: list[tuple[str, str | None, bytes]] = []
    with serving(service(asked, busy=2)) as url:
        base = url.rpartition("/")[0] + end
        done = nightly(base, tmp_path, "name=my-run_1", "epochs=2", "preset=tiny")
    assert (done.returncode, done.stderr) == (0, "")
    assert (tmp_path / "text.txt").read_text("utf-8") == "the text"
    assert [path for path, _, _ in asked[2:4]] == [
        "/api/v1/training-jobs",
        "/api/v1/jobs/j/checkpoints",
    ]
    assert asked[0][1] == asked[2][1] is not None
    assert asked[0][1] != asked[4][1] is not None
    wanted = {"corpus_id": "c", "preset": "tiny", "name": "my-run_1", "epochs": 2}
    assert json.loads(asked[2][2]) == wanted


def test_what_goes_wrong_is_one_line(tmp_path: Path) -> None:
    """A field without a value, a service or a token that is not there, a refusal, no service."""
    problem = {"detail": "bad", "errors": [{"field": "epochs", "message": "too many"}]}
    nowhere = f"http://127.0.0.1:{free_port()}"
    with serving(sends(json.dumps(problem).encode(), 422)) as url:
        refused = nightly(url.rpartition("/")[0], tmp_path)
    with serving(sends(b"<html>")) as url:
        other = nightly(url.rpartition("/")[0], tmp_path)
    for done, told in (
        (nightly(nowhere, tmp_path, "epochs"), "epochs: accepted is FIELD=VALUE"),
        (nightly(nowhere, tmp_path), f"no answer from {nowhere}/api/v1: "),
        (nightly(nowhere, tmp_path, known=False), "no token in var/token: No such file"),
        (nightly("foo", tmp_path), "nightly.py: unknown url type"),
        (refused, "/api/v1/training-jobs: epochs: too many\n"),
        (other, "nightly.py: "),
    ):
        assert (done.returncode, done.stdout) == (1, "")
        assert done.stderr.startswith(told)
        assert done.stderr.count("\n") == 1
    assert list(tmp_path.iterdir()) == []
