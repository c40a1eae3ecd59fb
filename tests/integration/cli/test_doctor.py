"""The doctor's visits to real databases and real Redis servers, each with something wrong."""

import json
import shutil
import socket
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from redis import Redis
from sqlalchemy import update

import migrations
from cli.doctor import store
from cli.main import main
from shared.db import Database, now
from shared.ids import new_id
from shared.jobs.models import Event, Job
from shared.nodes.queries import get_node
from shared.nodes.services import Machine, drain, see_node
from shared.queue import QUEUES
from shared.rounds import KEPT_SECONDS, KEY, note_round
from shared.workers.models import Worker
from shared.workers.services import Process, see
from tests.support.factories import claim_job, do, make_training_job
from tests.support.servers import OwnRedis, own_redis

SECRETS = {"CHARLOOM_SECRET_KEY": "k" * 32, "CHARLOOM_TOKEN": "t" * 32}
Found = dict[str, tuple[str, str]]


@pytest.fixture(scope="module")
def server() -> Iterator[OwnRedis]:
    """A Redis server of these tests, whose settings they change."""
    with own_redis() as made:
        yield made


@pytest.fixture
def sqlite_url(sqlite_template: Path, tmp_path: Path) -> str:
    """A migrated database, where its kind makes no difference."""
    return f"sqlite:///{shutil.copy(sqlite_template, tmp_path / 'charloom.db')}"


@pytest.fixture
def redis(server: OwnRedis) -> Iterator["Redis"]:
    """A client of it; settings and keys are as at its start."""
    with Redis.from_url(server.url) as client:
        client.flushall()
        client.config_set("maxmemory", 0)
        client.config_set("maxmemory-policy", "noeviction")
        yield client


def visited(database_url: str, redis_url: str, code: int, **env: str) -> Found:
    """Have an installation looked at; return of each check its state and text."""
    given = {"CHARLOOM_DATABASE_URL": database_url, "CHARLOOM_REDIS_URL": redis_url}
    done = CliRunner().invoke(main, ["doctor", "--json"], env=given | SECRETS | env)
    checks = json.loads(done.stdout)["checks"]
    assert done.exit_code == code, checks
    assert all(one["advice"] for one in checks if one["state"] in ("warning", "problem"))
    return {one["name"]: (one["state"], one["text"]) for one in checks}


def wrong(found: Found) -> list[str]:
    """Return the names of the checks that found something."""
    return [name for name, (state, _) in found.items() if state not in ("ok", "skipped")]


def all_is_well(db: Database, url: str) -> None:
    """Have workers and the sweeper tell that they are there."""
    for queue in QUEUES:
        do(db, lambda s, q=queue: see(s, Process(new_id(), q, [q], "cpu", now())))  # type: ignore[misc]
    note_round(url)


@pytest.mark.usefixtures("redis")
def test_all_is_well(db: Database, database_url: str, server: OwnRedis) -> None:
    """Nothing to say of a migrated database with Redis, workers, and a sweeper.

    But that the tests' PostgreSQL has fsync off, which a power cut would tell sooner or later.
    """
    all_is_well(db, server.url)
    job = make_training_job(db)
    fsync = db.engine.dialect.name == "postgresql"
    found = visited(database_url, server.url, 2 if fsync else 0)
    assert wrong(found) == ["database settings"] * fsync
    assert ("fsync off" in found["database settings"][1]) == fsync
    assert {"database settings", "clock of the database", "clock of redis"} <= set(found)
    assert found["workers of train"] == ("ok", "1 alive")
    assert found["oldest queued job"][1].startswith(f"job {job.id} in queue train, for ")


@pytest.mark.usefixtures("redis")
def test_a_service_where_nobody_works(db: Database, database_url: str, server: OwnRedis) -> None:
    """No worker, no sweeper, a job that nobody takes back, and one that nobody takes."""
    claim_job(db, make_training_job(db), seconds=-500)
    make_training_job(db)
    found = visited(database_url, server.url, 2)
    for name in ("workers of train", "workers of maintenance", "sweeper", "leases"):
        assert found[name][0] == "problem", name
    assert found["leases"][1].startswith("1 running jobs have no worker")


def test_a_job_that_idle_workers_pass_over(
    db: Database, database_url: str, server: OwnRedis, redis: "Redis"
) -> None:
    """It has waited for minutes though workers are there; and the sweeper is late."""
    all_is_well(db, server.url)
    redis.set(KEY, 1, ex=KEPT_SECONDS - 3600)
    job = make_training_job(db)
    do(db, lambda s: s.execute(update(Event).values(created_at=now() - timedelta(minutes=5))))
    found = visited(database_url, server.url, 2)
    told = f"job {job.id} in queue train, for 5 min; 0 running, 1 workers could take it now"
    assert found["oldest queued job"] == ("warning", told)
    assert found["sweeper"] == ("problem", "last round 60 min ago")


@pytest.mark.usefixtures("redis")
def test_a_job_that_no_worker_alive_can_take(
    db: Database, database_url: str, server: OwnRedis
) -> None:
    """Its reason and what to do are told of it: its needs, then that the node drains."""
    all_is_well(db, server.url)
    machine = Machine("slow-1", [], 2, None, {}, ["slow"])
    node = do(db, lambda s: see_node(s, machine, {}))
    do(db, lambda s: s.execute(update(Worker).values(node_id=node.id)))
    asks = make_training_job(db, needs={"label": "fast"})
    do(db, lambda s: s.execute(update(Event).values(created_at=now() - timedelta(minutes=5))))
    given = {"CHARLOOM_DATABASE_URL": database_url, "CHARLOOM_REDIS_URL": server.url} | SECRETS

    def line() -> str:
        told = CliRunner().invoke(main, ["doctor"], env=given).stdout
        return next(one for one in told.splitlines() if "oldest queued job" in one)

    told = line()
    assert told.startswith(f"warning  oldest queued job: job {asks.id} in queue train, for 5 min: ")
    assert "waits for a node with the label fast; there are: slow-1" in told
    assert f"`charloom job cancel {asks.id}`" in told
    do(db, lambda s: s.execute(update(Job).values(needs_key="label=slow")))
    do(db, lambda s: drain(s, get_node(s, "slow-1")))
    told = line()
    assert "the node that could run it is draining: slow-1 -> `charloom node undrain NAME`" in told


@pytest.mark.usefixtures("redis")
def test_a_store_that_hangs(
    sqlite_url: str, server: OwnRedis, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is not waited for as long as its client would, and it is asked when all else is known."""
    db = Database(sqlite_url)
    all_is_well(db, server.url)
    db.close()
    monkeypatch.setattr(store, "SECONDS", 0.5)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        found = visited(
            sqlite_url, server.url, 2,
            CHARLOOM_BLOB_STORE="s3://bucket",
            CHARLOOM_BLOB_STORE_ENDPOINT=f"http://127.0.0.1:{silent.getsockname()[1]}",
            CHARLOOM_BLOB_STORE_KEY="key", CHARLOOM_BLOB_STORE_SECRET="secret",
        )  # fmt: skip
    assert wrong(found) == ["store of blobs"]
    assert "does not answer: nothing came within 0.5 s" in found["store of blobs"][1]
    names = list(found)
    assert names.index("leases") < names.index("store of blobs")


@pytest.mark.parametrize(
    ("name", "config", "code"),
    [
        ("redis maxmemory-policy", {"maxmemory-policy": "allkeys-lru"}, 1),
        ("redis memory", {"maxmemory": "100kb"}, 2),
    ],
)
def test_a_redis_that_would_lose_things(
    sqlite_url: str, server: OwnRedis, redis: "Redis", name: str, config: dict[str, Any], code: int
) -> None:
    """One that evicts is a warning; one that is full takes no tickets."""
    db = Database(sqlite_url)
    all_is_well(db, server.url)
    db.close()
    for option, value in config.items():
        redis.config_set(option, value)
    found = visited(sqlite_url, server.url, code)
    assert found[name][0] == ("ok", "warning", "problem")[code]
    assert wrong(found) == [name]


@pytest.mark.usefixtures("redis")
@pytest.mark.parametrize(
    ("revision", "told"),
    [(None, "the database has no tables"), ("0014", "at 0014, and this version needs"),
     ("9999", "at 9999, which this version does not know")],
)  # fmt: skip
def test_tables_of_another_version(
    empty_database_url: str, server: OwnRedis, revision: str | None, told: str
) -> None:
    """What is to be done depends on which one is newer; the tables are not asked."""
    db = Database(empty_database_url)
    if revision:
        migrations.upgrade(empty_database_url, min(revision, "0014"))
        with db.engine.connect().execution_options(charloom_write=True) as connection:
            statement = f"UPDATE alembic_version SET version_num = '{revision}'"  # noqa: S608
            connection.exec_driver_sql(statement)
            connection.commit()
    else:
        db.engine.connect().close()
    db.close()
    found = visited(empty_database_url, server.url, 2)
    assert found["migrations"][0] == "problem"
    assert told in found["migrations"][1]
    assert found["leases"][0] == "skipped"


def test_servers_that_are_away(sqlite_url: str) -> None:
    """Each is told without its password, and the other one is looked at."""
    away = "redis://:hidden@127.0.0.1:1/0"
    found = visited(sqlite_url, away, 2)
    assert found["migrations"][0] == "ok"
    assert found["redis"][0] == "problem"
    gone = visited("postgresql://me:hidden@127.0.0.1:1/charloom", away, 2)
    assert gone["database"][0] == "problem"
    assert "hidden" not in str(found) + str(gone)
