"""A service on five hosts: web, database and broker, and three workers."""

import os
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
from sqlalchemy import select

import migrations
from cli.client import Client
from cli.folder import DataFolder
from cli.parts import Part, beat_part, web_part, worker_parts
from shared.db import Database
from shared.ids import new_id
from shared.jobs.models import Event, Status
from tests.chaos.api import Api
from tests.chaos.database_server import NAME, OwnPostgres, own_postgres
from tests.chaos.load import Row, picture
from tests.chaos.service import SHORT_TIMES
from tests.hosts.host import Host
from tests.hosts.network import Network, network
from tests.support.servers import redis_executable
from tests.support.stacks import START_SECONDS, environment, wait_for

PORT = 8000
# The second is the one that loses its power, the third's link is slow.
WORKERS = {
    "worker1": ("train", "generate"),
    "worker2": ("train",),
    "worker3": ("train", "generate"),
}
PARTS = {part.name: part for part in worker_parts(readiness_is_logged=True)}


@dataclass(frozen=True)
class Service:
    """The running service; its callers are beside its hosts."""

    db: Database
    url: str
    token: str
    hosts: dict[str, Host]

    def api(self) -> Api:
        """Return a patient caller of its API; close it."""
        return Api(self.url, self.token)

    def client(self) -> Client:
        """Return a client of its API; close it."""
        return Client(self.url, self.token)

    def running(self, host: str, kind: str = "train") -> list[Row]:
        """Return the jobs of a kind that a host runs."""
        rows = (picture(self) or {}).values()
        mine = [row for row in rows if (row.worker or "").startswith(f"{host}:")]
        return [row for row in mine if row.status == Status.RUNNING and row.kind == kind]

    def begun(self, host: str) -> int:
        """Return how many attempts have begun on a host."""
        with self.db.read() as session:
            events = session.scalars(select(Event).where(Event.type == Status.RUNNING))
            return sum(event.data["worker"].startswith(f"{host}:") for event in events)

    def answers(self) -> bool:
        """Tell whether the web server is ready."""
        try:
            return httpx.get(f"{self.url}/readyz", timeout=2, trust_env=False).status_code == 200
        except httpx.HTTPError:
            return False

    def said(self) -> str:
        """Return what all hosts have logged."""
        return "".join(host.said() for host in self.hosts.values())


@contextmanager
def running_service(folder: Path) -> Iterator[Service]:
    """Run the service until the block ends; then every host loses its power."""
    with ExitStack() as opened:
        postgres = opened.enter_context(own_postgres())
        net = opened.enter_context(network())
        names = ["web", "data", *WORKERS]
        hosts = {name: Host(net, 10 + i, name, folder) for i, name in enumerate(names)}
        for host in hosts.values():
            opened.callback(host.lose_power)
        addresses = _start_data(hosts["data"], net, postgres)
        wait_for(hosts["data"].is_ready, 60)
        db = Database(addresses["CHARLOOM_DATABASE_URL"])
        opened.callback(db.close)
        migrations.upgrade(addresses["CHARLOOM_DATABASE_URL"])
        token = new_id()
        service = Service(db, f"http://{hosts['web'].address}:{PORT}", token, hosts)
        _start_others(hosts, addresses, {"CHARLOOM_TOKEN": token, "CHARLOOM_SECRET_KEY": new_id()})
        wait_for(lambda: all(host.is_ready() for host in hosts.values()), START_SECONDS)
        wait_for(service.answers, START_SECONDS)
        yield service


def _start_data(host: Host, net: Network, postgres: OwnPostgres) -> dict[str, str]:
    """Start the host of what all others talk to; return the addresses, which are all they get."""
    password = new_id()
    served = postgres.served_at(host.address, net.range, password)
    postgres.stop("fast")
    options = f"--port 6379 --bind {host.address} --requirepass {password} --dir {host.folder}"
    broker = [redis_executable(), *options.split(), "--appendonly", "no", "--save", ""]
    parts = [
        Part("postgres", served, 0, "ready to accept connections"),
        Part("redis", broker, 0, "Ready to accept connections"),
    ]
    host.start(parts, dict(os.environ))
    return {
        "CHARLOOM_DATABASE_URL": f"postgresql://postgres:{password}@{host.address}/{NAME}",
        "CHARLOOM_REDIS_URL": f"redis://:{password}@{host.address}:6379/0",
    }


def _start_others(
    hosts: dict[str, Host], addresses: Mapping[str, str], secrets: Mapping[str, str]
) -> None:
    env = environment("hosts", SHORT_TIMES | dict(addresses)) | {
        "TF_CPP_MIN_LOG_LEVEL": "2",
        "PYTHONWARNINGS": "ignore:You're running the worker with superuser privileges",
        "PYTHONUNBUFFERED": "1",
    }
    web = hosts["web"]
    served = [web_part(web.address, PORT), PARTS["maintenance"], beat_part(DataFolder(web.folder))]
    web.start(served, env | dict(secrets) | {"CHARLOOM_ALLOWED_HOSTS": web.address})
    for name, queues in WORKERS.items():
        hosts[name].start([PARTS[queue] for queue in queues], env)
