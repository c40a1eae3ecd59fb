"""Forged messages on the broker: a real worker reads them, and goes on working."""

import base64
import json
import os
import pickle
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from redis import Redis
from sqlalchemy import update

from cli.child import ROOT
from cli.parts import WORKER_READY, worker_parts
from shared.db import Database
from shared.ids import new_id
from shared.jobs.models import Job
from shared.queue import CeleryTickets, NullTickets, make_celery
from shared.settings import load_settings
from tests.support.counting import rows
from tests.support.factories import claim_job, do, make_training_job, reload
from tests.support.hostile import UNCOUNTED, Hostile, tried
from tests.support.servers import own_redis
from tests.support.stacks import wait_for

QUEUE = "maintenance"


@dataclass
class Node:
    """A worker's processes, their database, broker and log."""

    db: Database
    redis_url: str
    process: "subprocess.Popen[bytes]"
    log: Path
    marked: Path

    def said(self) -> str:
        """Return what was logged so far."""
        return self.log.read_text("utf-8", "replace")


@pytest.fixture(scope="module")
def node(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Node]:
    """The worker that sweeps, as it is run."""
    folder = tmp_path_factory.mktemp("node")
    url = f"sqlite:///{shutil.copy(sqlite_template, folder / 'charloom.db')}"
    with own_redis() as redis:
        db = Database(url, NullTickets())
        with running(url, redis.url, folder / "log") as process:
            yield Node(db, redis.url, process, folder / "log", folder / "marked")
        db.close()


@contextmanager
def running(url: str, redis_url: str, log: Path) -> "Iterator[subprocess.Popen[bytes]]":
    """Run the worker until the block ends."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("CHARLOOM_")}
    env = kept | {
        "CHARLOOM_DATABASE_URL": url, "CHARLOOM_REDIS_URL": redis_url, "CHARLOOM_TOKEN": "t",
        "CHARLOOM_LEASE_SECONDS": "1", "CHARLOOM_RENEW_SECONDS": "0.3",
        "PYTHONPATH": os.pathsep.join(sys.path),
    }  # fmt: skip
    (part,) = (p for p in worker_parts(readiness_is_logged=True) if p.name == QUEUE)
    with log.open("wb") as output:
        process = subprocess.Popen(part.argv, env=env, cwd=ROOT, stdout=output, stderr=output)
    try:
        wait_for(lambda: WORKER_READY in log.read_text("utf-8", "replace"), 90)
        yield process
    finally:
        process.terminate()
        process.wait(30)


class Mark:
    """Unpickled, it would leave a file."""

    def __init__(self, path: Path):
        self.path = path

    def __reduce__(self) -> Any:
        return (Path.touch, (self.path,))


def message(task: str, body: Any = None, **changes: Any) -> bytes:
    """Return a message as Celery would send it, but for what is changed."""
    args = [[], {}, {"callbacks": None, "errbacks": None, "chain": None, "chord": None}]
    text = body if isinstance(body, bytes) else json.dumps(body or args).encode()
    envelope = {
        "body": base64.b64encode(text).decode(),
        "content-encoding": "utf-8", "content-type": "application/json",
        "headers": {"lang": "py", "task": task, "id": new_id(), "retries": 0, "eta": None,
                    "expires": None, "group": None, "root_id": new_id(), "argsrepr": "()"},
        "properties": {"correlation_id": new_id(), "reply_to": new_id(), "delivery_mode": 2,
                       "delivery_info": {"exchange": "", "routing_key": QUEUE}, "priority": 0,
                       "body_encoding": "base64", "delivery_tag": new_id()},
    }  # fmt: skip
    headers = envelope["headers"] | changes.pop("headers", {})
    return json.dumps(envelope | {"headers": headers} | changes).encode()


SWEEP = "charloom.sweep"
PICKLED = {"content-type": "application/x-python-serialize", "content-encoding": "binary"}
KWARGS = [[], {"job_id": "01980000-0000-7000-8000-000000000000"}, {}]
LOST = "thrown away"
MESSAGES: dict[str, tuple[str, bytes]] = {
    "an unknown task": ("`os.system`", message("os.system", [["id"], {}, {}])),
    "a task with an id": ("a job that there is not", message("charloom.train", KWARGS)),
    "a task with arguments": ("a task that takes none", message(SWEEP, KWARGS)),
    "a task of 5 MB": ("giant arguments", message(SWEEP, [["a" * 5_000_000], {}, {}])),
    "a pickle": ("a body that runs a program when it is read",
                 message(SWEEP, b"PICKLE", **PICKLED)),
    "YAML": ("a body in another format", message(SWEEP, b"!!python/object:os.system {}",
                                                 **{"content-type": "application/x-yaml"})),
    "a body of nothing": ("null instead of arguments", message(SWEEP, b"null")),
    "a body that is none": ("no JSON", message(SWEEP, b"{")),
    "a deep body": ("100,000 lists, each in the other", message(SWEEP, b"[" * 100_000)),
    "a time that is none": ("`eta` of another kind", message(SWEEP, headers={"eta": "never"})),
    "a time far away": ("`eta` in the year 9999",
                        message(SWEEP, headers={"eta": "9999-12-31T00:00:00+00:00"})),
    "an expiry that is none": ("`expires` of another kind",
                               message(SWEEP, headers={"expires": {"a": 1}})),
    "a line for the log": ("a task's name that forges a line", message("x\nlevel='info' forged=1")),
    "no message": ("bytes", b"\x00\xff\xfe"),
    "a list for a message": ("`[]`", b"[]"),
    "no body": ("an envelope alone", b"{}"),
    "no headers": ("an envelope without headers", message(SWEEP, headers={"task": None})),
}  # fmt: skip


def send(node: Node, data: bytes) -> None:
    """Put a message where the worker takes it from."""
    data = data.replace(
        base64.b64encode(b"PICKLE"), base64.b64encode(pickle.dumps(Mark(node.marked)))
    )
    with Redis.from_url(node.redis_url) as client:
        client.lpush(QUEUE, data)


def works(node: Node) -> None:
    """Check that the worker takes an expired job back, which is its work."""
    lease = claim_job(node.db, make_training_job(node.db), seconds=-1)
    tickets = CeleryTickets(
        make_celery(load_settings(database_url="sqlite://", redis_url=node.redis_url))
    )

    def swept() -> bool:
        tickets._app.send_task(SWEEP, queue=QUEUE, retry=False)
        return reload(node.db, lease).status == "queued"

    wait_for(swept, 30)
    do(node.db, lambda s: s.execute(update(Job).values(status="cancelled")))


@tried(
    "The broker",
    *(Hostile(name, tries, None, None, data, LOST) for name, (tries, data) in MESSAGES.items()),
)
def test_forged_messages(case: Hostile, node: Node) -> None:
    """The worker throws them away, and does its next work."""
    before = rows(node.db, UNCOUNTED)
    send(node, case.attack)
    works(node)
    assert node.process.poll() is None
    assert not node.marked.exists()
    after = rows(node.db, UNCOUNTED)
    mine = {
        "corpora",
        "corpus_versions",
        "blobs",
        "blob_chunks",
        "jobs",
        "events",
        "workers",
        "nodes",
        "turns",
    }
    assert {n: c for n, c in after.items() if n not in mine} == {
        n: c for n, c in before.items() if n not in mine
    }
    assert "\nlevel='info' forged" not in node.said()
