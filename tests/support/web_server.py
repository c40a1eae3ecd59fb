"""The web server alone, as it is run: for tests that need a real connection, and no worker."""

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import httpx

from cli.child import ROOT
from cli.parts import web_part
from tests.conftest import NO_BROKER
from tests.support.servers import free_port
from tests.support.stacks import wait_for

TOKEN = "web-token"
SECRET_KEY = "web-secret-key"


@contextmanager
def running_web(
    database_url: str,
    log: Path,
    env: Mapping[str, str] | None = None,
    root: Path = ROOT,
    config: str = "python:web.serving",
) -> Iterator[str]:
    """Run the web server on a free port, with more variables if given; yield its address.

    ``root`` is the folder of the code, ``config`` gunicorn's configuration.
    """
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    environment = _environment(database_url) | dict(env or {})
    argv = [config if a == "python:web.serving" else a for a in web_part("127.0.0.1", port).argv]
    with log.open("wb") as output:
        process = subprocess.Popen(
            argv, env=environment, cwd=root,
            stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT,
        )  # fmt: skip
    try:
        wait_for(lambda: _ready(url), 60)
        yield url
    finally:
        process.terminate()
        process.wait(20)


def _environment(database_url: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("CHARLOOM_")}
    return kept | {
        "CHARLOOM_DATABASE_URL": database_url,
        "CHARLOOM_REDIS_URL": NO_BROKER,
        "CHARLOOM_TOKEN": TOKEN,
        "CHARLOOM_SECRET_KEY": SECRET_KEY,
        # Nobody is asked for anything: what would be asked has no time to answer.
        "CHARLOOM_FETCH_SECONDS": "0.5",
        # Nobody answers: there is no worker.
        "CHARLOOM_ANSWER_WAIT_SECONDS": "0",
        "CHARLOOM_SHAKESPEARE_URL": "http://127.0.0.1:1/shakespeare.txt",
        "CHARLOOM_MAX_UPLOAD_BYTES": "1000000",
        "PYTHONPATH": os.pathsep.join(sys.path),
    }


def _ready(url: str) -> bool:
    try:
        return httpx.get(f"{url}/readyz").status_code == 200
    except httpx.TransportError:
        return False
