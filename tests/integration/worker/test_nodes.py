"""A worker of a node, in processes of its own."""

import os
import signal
import subprocess
import sys
from pathlib import Path

from cli.child import ROOT
from shared.db import Database
from shared.nodes.queries import list_nodes, running_on
from tests.support.stacks import wait_for


def test_a_node_needs_two_addresses(sqlite_template: Path, redis_url: str, tmp_path: Path) -> None:
    """With the database's and Redis' alone a worker starts, and registers its machine."""
    file = tmp_path / "charloom.db"
    file.write_bytes(sqlite_template.read_bytes())
    env = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    env |= {"CHARLOOM_DATABASE_URL": f"sqlite:///{file}", "CHARLOOM_REDIS_URL": redis_url}
    command = [sys.executable, "-m", "celery", "--quiet", "-A", "worker.app", "worker"]
    db = Database(f"sqlite:///{file}")
    with (tmp_path / "log").open("wb") as log:
        worker = subprocess.Popen(
            [*command, "-Q", "maintenance", "-n", "node@%h"], env=env, cwd=ROOT, stdout=log,
            stderr=subprocess.STDOUT, start_new_session=True,
        )  # fmt: skip
    try:
        wait_for(lambda: db_nodes(db), 60)
        with db.read() as session:
            (node,) = list_nodes(session).data
            (running,) = running_on(session, [node], 30)[node.id]
        assert running.worker.name.startswith(f"{node.name}:")
        assert node.cores >= 1
        assert node.versions.keys() >= {"python", "tensorflow"}
        assert {device["kind"] for device in node.devices} >= {"cpu"}
    finally:
        worker.send_signal(signal.SIGTERM)
        worker.wait(30)
        db.close()


def db_nodes(db: Database) -> bool:
    """Tell whether a node has registered."""
    with db.read() as session:
        return bool(list_nodes(session).data)
