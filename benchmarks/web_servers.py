"""Web servers of a benchmark's own: gunicorn as the service runs it, and the load of wrk."""

import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
from workbench import Workbench

from tests.support.servers import free_port
from web import serving

TOKEN, CHECKOUT = "benchmark", Path(__file__).resolve().parent.parent
# As web/serving.py has it, for an application that is not ours.
OPTIONS = ["--workers", str(serving.workers), "--worker-class", serving.worker_class,
           "--threads", str(serving.threads), "--worker-connections",
           str(serving.worker_connections), "--no-control-socket"]  # fmt: skip


@dataclass(frozen=True)
class Server:
    """A gunicorn that answers."""

    url: str
    pid: int


@contextmanager
def serving_charloom(bench: Workbench, redis_url: str) -> Iterator[Server]:
    """Serve charloom's application over a workbench's database."""
    env = {
        "CHARLOOM_DATABASE_URL": bench.settings.database_url,
        "CHARLOOM_REDIS_URL": redis_url,
        "CHARLOOM_TOKEN": TOKEN,
        "CHARLOOM_SECRET_KEY": TOKEN,
        "CHARLOOM_LOG_LEVEL": "WARNING",
        # They are counted, and none is refused.
        "CHARLOOM_REQUESTS_PER_MINUTE": "1000000000",
    }
    with _gunicorn(["--config", "python:web.serving"], env, "/healthz") as server:
        yield server


@contextmanager
def serving_bare() -> Iterator[Server]:
    """Serve the route that does nothing."""
    options = [*OPTIONS, "--pythonpath", str(CHECKOUT / "benchmarks"), "bare:app"]
    with _gunicorn(options, {}, "/jobs/1") as server:
        yield server


@contextmanager
def _gunicorn(options: list[str], env: dict[str, str], path: str) -> Iterator[Server]:
    url = f"http://127.0.0.1:{(port := free_port())}"
    argv = [sys.executable, "-m", "gunicorn", *options, "--bind", f"127.0.0.1:{port}"]
    quiet = [*argv, "--log-level", "warning"]
    process = subprocess.Popen(quiet, env=os.environ | env, cwd=CHECKOUT)
    try:
        _wait(url + path)
        yield Server(url, process.pid)
    finally:
        process.terminate()
        process.wait()


def _wait(url: str) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        try:
            httpx.get(url, trust_env=False, timeout=5)
            return
        except httpx.HTTPError:
            time.sleep(0.1)
    raise TimeoutError(f"nothing answers at {url}")


def answers_a_second(url: str, headers: dict[str, str], seconds: float, wanted: str) -> float:
    """Return how many requests of ``url`` wrk has answered a second, 16 at a time."""
    if shutil.which("wrk") is None:
        sys.exit("wrk is missing: install it (Debian, Ubuntu: apt-get install wrk)")
    given = [word for name, value in headers.items() for word in ("-H", f"{name}: {value}")]
    argv = ["wrk", "-t", "2", "-c", "16", "-d", f"{seconds:g}s", *given, url]
    said = subprocess.run(argv, capture_output=True, text=True, check=True).stdout
    failed = re.search(r"Non-2xx or 3xx responses: (\d+)|Socket errors: (.*)", said)
    assert failed is None, said
    assert str(httpx.get(url, headers=headers, trust_env=False).status_code) == wanted
    found = re.search(r"Requests/sec:\s*([\d.]+)", said)
    assert found is not None, said
    return float(found[1])
