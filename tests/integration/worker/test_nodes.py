"""A worker of a node, in processes of its own."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from cli.child import ROOT
from shared.db import Database, now
from shared.ids import new_id
from shared.jobs.services import claim
from shared.nodes.queries import list_nodes, running_on
from shared.nodes.services import see_node
from shared.settings import Settings
from shared.workers.services import Process, leave, see
from tests.support.factories import do, make_training_job
from tests.support.stacks import wait_for
from worker import machine
from worker.health import works_here

# What another worker's process of the same number is called.
OTHER = (
    sys.executable, "-c",
    "from shared.settings import Settings; from worker.machine import process_name\n"
    "print(process_name(Settings(), 7), end='')",
)  # fmt: skip


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


def test_equal_numbers_give_no_equal_names(
    db: Database, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of two containers of one machine, as of two that were given one name: neither worker
    forgets the other, nor loses the other's job."""
    given = settings.model_copy(update={"node_name": "node"})
    monkeypatch.setenv("CHARLOOM_NODE_NAME", "node")
    names = [machine.process_name(given, 7), subprocess.check_output(OTHER, text=True, cwd=ROOT)]
    seen = do(db, lambda s: see_node(s, machine.machine(given), {}))
    here = [Process(new_id(), n, ["train"], "cpu", now(), node_id=seen.id) for n in names]
    jobs = {}
    for process in here * 2:
        do(db, lambda s, p=process: see(s, p))  # type: ignore[misc]
    for name in names:
        make_training_job(db)
        job = do(db, lambda s, n=name: claim(s, "train", n, 30))  # type: ignore[misc]
        jobs[name] = job and job.id
    with db.read() as session:
        (node,) = list_nodes(session).data
        running = running_on(session, [node], 30)[seen.id]
        assert {one.worker.name: one.job and one.job.id for one in running} == jobs
        assert {one.worker.host for one in running} == {"node"}
        assert [one.worker.name.rsplit(":", 1)[1] for one in running] == ["7", "7"]
        assert works_here(session, "node", "train", 30)
    do(db, lambda s: leave(s, here[0]))
    with db.read() as session:
        assert [one.worker.name for one in running_on(session, [node], 30)[seen.id]] == names[1:]


def test_a_name_has_a_mark_where_the_number_is_not_enough(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Not on the machine itself; in a container, whose numbers are its own."""
    host = machine.name_of(settings)
    for numbers, name in (
        (machine.OF_MACHINE, f"{host}:7"),
        ("pid:[4026532345]", f"{host}:{machine.MARK}:7"),
    ):
        link = tmp_path / numbers
        link.symlink_to(numbers)
        monkeypatch.setattr(machine, "NUMBERS", link)
        assert machine.process_name(settings, 7) == name


def db_nodes(db: Database) -> bool:
    """Tell whether a node has registered."""
    with db.read() as session:
        return bool(list_nodes(session).data)
