"""The parts of the embedded stack: what each is started with."""

import os
import sys
from dataclasses import dataclass
from pathlib import Path

from cli.addresses import join
from cli.folder import DataFolder
from shared.queue import QUEUES

# What worker/app.py logs when a pool process can take jobs.
WORKER_READY = "pool process ready"
# Seconds that requests in flight are given when the web server stops.
WEB_GRACE = 5
# Where heartbeat files cannot be held up by a slow disk.
MEMORY_FOLDER = Path("/dev/shm")  # noqa: S108


@dataclass(frozen=True)
class Part:
    """One program of the stack; ``ready`` is text in its output that says it can work.

    Parts of a lower ``stage`` stop first.
    """

    name: str
    argv: list[str]
    stage: int
    ready: str | None = None


def redis_part(argv: list[str]) -> Part:
    """Return our own Redis server, which stops last: the others still talk to it."""
    return Part("redis", argv, stage=3)


def web_part(host: str, port: int) -> Part:
    """Return the web server, which stops first, so that nobody is answered half."""
    argv = [sys.executable, "-m", "gunicorn", "--config", "python:web.server",
            "--bind", join(host, port),
            "--workers", "2", "--worker-class", "gthread", "--threads", "8",
            "--graceful-timeout", str(WEB_GRACE), "--no-control-socket"]  # fmt: skip
    if os.access(MEMORY_FOLDER, os.W_OK):
        argv += ["--worker-tmp-dir", str(MEMORY_FOLDER)]
    return Part("web", [*argv, "web:create_app()"], stage=0)


def beat_part(folder: DataFolder) -> Part:
    """Return the clock: a process of its own, because a worker's embedded one is not restarted."""
    argv = [*_celery("beat"), "--schedule", str(folder.beat_schedule)]
    return Part("beat", argv, stage=1)


def worker_parts(readiness_is_logged: bool) -> list[Part]:
    """Return a worker a queue; how many jobs each runs side by side is the worker's to decide."""
    ready = WORKER_READY if readiness_is_logged else None
    options = ["--without-mingle", "--without-gossip"]
    return [
        Part(name, [*_celery("worker"), "-Q", name, "-n", f"{name}@%h", *options], 2, ready)
        for name in QUEUES
    ]


def _celery(command: str) -> list[str]:
    return [sys.executable, "-m", "celery", "--quiet", "-A", "worker.app", command]
