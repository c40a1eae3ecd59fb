"""Which workers the API lists while a stack runs, and after it."""

import os
import signal
from pathlib import Path
from typing import Any

import pytest

from cli.client import Client
from shared.db import Database
from shared.workers.queries import list_workers
from tests.support.stacks import running_stack, wait_for

pytestmark = pytest.mark.timeout(300)


def alive(client: Client) -> dict[str, dict[str, Any]]:
    """Return the workers that are alive, by their queue."""
    rows = client.get("/workers")["data"]
    return {row["queues"][0]: row for row in rows if row["alive"]}


def test_a_stacks_workers_come_and_go(tmp_path: Path) -> None:
    """One a queue; one that was killed stays beside its successor; at the end the others go."""
    with running_stack(tmp_path / "data") as stack, stack.client() as client:
        wait_for(lambda: len(alive(client)) == 3, 30)
        assert alive(client).keys() == {"train", "generate", "maintenance"}
        victim = alive(client)["generate"]
        os.kill(int(victim["name"].rpartition(":")[2]), signal.SIGKILL)
        wait_for(lambda: alive(client).get("generate", victim)["id"] != victim["id"], 60)
        rows = {row["id"]: row["alive"] for row in client.get("/workers")["data"]}
        wait_for(lambda: len(client.get("/workers")["data"]) == 4, 10)
        assert victim["id"] in rows
    db = Database(f"sqlite:///{tmp_path}/data/charloom.db")
    with db.read() as session:
        left = [row.id for row in list_workers(session).data]
    db.close()
    assert left == [victim["id"]]
