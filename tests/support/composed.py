"""The services of docker-compose.yml, started here as the file and the Dockerfiles say."""

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from cli.child import ROOT
from tests.support.sealed import sealed

SERVICES: dict[str, dict[str, Any]] = yaml.safe_load(
    (ROOT / "docker-compose.yml").read_text("utf-8")
)["services"]


@dataclass(frozen=True)
class Places:
    """Where what is in a container is here: its /tmp, its secrets, its port, its output."""

    temporary: Path
    secrets: Path
    port: int
    logs: Path

    def here(self, text: str) -> str:
        """Return a text of the file with this machine's places and the variables' defaults."""
        here = {
            "/run/secrets": str(self.secrets),
            "/tmp": str(self.temporary),
            "0.0.0.0:8000": f"127.0.0.1:{self.port}",
        }
        text = with_defaults(text)
        return re.sub("|".join(map(re.escape, here)), lambda found: here[found[0]], text)


def with_defaults(text: str) -> str:
    """Return a text of the file as where no variable is set."""
    return re.sub(r"\$\{\w+:-([^}]*)\}", r"\1", text).replace("$$", "$")


def instructions(path: Path) -> list[tuple[str, list[str]]]:
    """Return a Dockerfile's instructions and their words."""
    lines = path.read_text("utf-8").replace("\\\n", " ").splitlines()
    split = [shlex.split(line, comments=True) for line in lines]
    return [(words[0], words[1:]) for words in split if words]


def command(service: Mapping[str, Any]) -> list[str]:
    """Return what a container of ours runs."""
    if "command" in service:
        return list(service["command"])
    path = ROOT / service["build"]["dockerfile"]
    words = next(words for name, words in instructions(path) if name == "CMD")
    return [word.strip("[],") for word in words]


def start(name: str, places: Places) -> "subprocess.Popen[bytes]":
    """Start a service, sealed: only its /tmp can be written to."""
    return _run(name, places, command(SERVICES[name]), f"{name}.log")


def is_healthy(name: str, places: Places) -> bool:
    """Tell what a service's health check says, run as in its container."""
    kind, *words = SERVICES[name]["healthcheck"]["test"]
    assert kind == "CMD"
    return _run(name, places, words, f"{name}.health.log").wait(60) == 0


def _run(name: str, places: Places, words: list[str], log: str) -> "subprocess.Popen[bytes]":
    service = SERVICES[name]
    given = {key: places.here(value) for key, value in service["environment"].items()}
    kept = {"PATH": os.environ["PATH"], "TMPDIR": str(places.temporary)}
    more = {"PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1", "PYTHONUNBUFFERED": "1"}
    python, *rest = [places.here(word) for word in words]
    assert python == "python"
    with (places.logs / log).open("wb") as output:
        return subprocess.Popen(
            sealed(places.temporary, [sys.executable, *rest]), cwd=ROOT, env=kept | more | given,
            stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT,
        )  # fmt: skip


@contextmanager
def running(names: list[str], places: Places) -> Iterator[dict[str, "subprocess.Popen[bytes]"]]:
    """Run services until the block ends."""
    started = {name: start(name, places) for name in names}
    try:
        yield started
    finally:
        for process in reversed(started.values()):
            process.terminate()
        for process in started.values():
            process.wait(40)
