"""A whole service to be ill-treated: the embedded stack, a second training node, its database."""

import os
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
from redis import Redis
from redis.exceptions import RedisError

from cli.client import Client
from cli.folder import DataFolder
from shared import tables  # noqa: F401  (fills the metadata)
from shared.db import Database
from shared.ids import new_id
from tests.chaos.api import Api
from tests.chaos.database_server import OwnPostgres, own_postgres
from tests.chaos.plant.sitecustomize import ARM
from tests.chaos.processes import Part, find
from tests.chaos.second_node import NAME, SecondNode, redis_url
from tests.support.stacks import START_SECONDS, Stack, environment, running_stack, wait_for

LEASE_SECONDS = 4.0
SHORT_TIMES = {
    "CHARLOOM_LEASE_SECONDS": f"{LEASE_SECONDS:g}",
    "CHARLOOM_RENEW_SECONDS": "1",
    "CHARLOOM_SWEEP_SECONDS": "1",
    "CHARLOOM_STATE_SECONDS": "1",
    "CHARLOOM_RESTART_SECONDS": "1",
    # Random faults may hit one job again and again: that is not its fault.
    "CHARLOOM_MAX_LOSSES": "1000",
}
PLANT = Path(__file__).parent / "plant"


@dataclass(frozen=True)
class Service:
    """One running service and the ways in."""

    backend: str
    stack: Stack
    node_mark: str
    redis_url: str
    db: Database
    postgres: OwnPostgres | None
    arm: Path
    node_log: Path

    def api(self) -> Api:
        """Return a caller of its API; close it."""
        return Api(self.stack.url, self.stack.token)

    def client(self) -> Client:
        """Return a client of its API; close it."""
        return self.stack.client()

    def part(self, name: str) -> Part | None:
        """Return the processes of a part, if it is whole."""
        return find(self.node_mark if name == NAME else self.stack.mark, name)

    def web_answers(self) -> bool:
        """Tell whether the web server is ready."""
        try:
            answer = httpx.get(f"{self.stack.url}/readyz", timeout=1, trust_env=False)
        except httpx.HTTPError:
            return False
        return answer.status_code == 200

    def redis_pid(self) -> int | None:
        """Return the broker's process, if it answers."""
        try:
            with Redis.from_url(self.redis_url, socket_timeout=1) as client:
                return int(client.info("server")["process_id"])
        except RedisError:
            return None

    def flush_redis(self) -> None:
        """Make the broker forget everything. Raises ``RedisError``."""
        with Redis.from_url(self.redis_url, socket_timeout=1) as client:
            client.flushall()

    def said(self) -> str:
        """Return what all its parts have logged."""
        return self.stack.said() + self.node_log.read_text(encoding="utf-8", errors="replace")


@contextmanager
def running_service(backend: str, path: Path) -> Iterator[Service]:
    """Run the service on SQLite or PostgreSQL until the block ends; no process may be left."""
    with ExitStack() as opened:
        postgres = opened.enter_context(own_postgres()) if backend == "postgresql" else None
        folder, log, arm = DataFolder(path / "data"), path / "node.log", path / "arm"
        url, mark = postgres.url if postgres else folder.database_url, new_id()
        env = _environment(url, arm)
        node = SecondNode(folder, _node_environment(folder, env, mark), log)
        # Both load TensorFlow: side by side.
        opened.enter_context(node.running())
        stack = opened.enter_context(running_stack(folder.path, env))
        wait_for(lambda: node.ready, START_SECONDS)
        db = Database(url)
        opened.callback(db.close)
        yield Service(backend, stack, mark, redis_url(folder), db, postgres, arm, log)


def _environment(database_url: str, arm: Path) -> dict[str, str]:
    path = os.pathsep.join(filter(None, [str(PLANT), os.environ.get("PYTHONPATH")]))
    more = {"CHARLOOM_DATABASE_URL": database_url, "PYTHONPATH": path, ARM: str(arm)}
    return SHORT_TIMES | more


def _node_environment(folder: DataFolder, env: Mapping[str, str], mark: str) -> dict[str, str]:
    """Return what ``charloom up`` gives its own workers, but for the broker's address."""
    return environment(mark, env) | {
        "CHARLOOM_TOKEN_FILE": str(folder.token_file),
        "CHARLOOM_SECRET_KEY_FILE": str(folder.secret_key_file),
        "TF_CPP_MIN_LOG_LEVEL": "2",
        "PYTHONWARNINGS": "ignore:You're running the worker with superuser privileges",
        "PYTHONUNBUFFERED": "1",
    }
