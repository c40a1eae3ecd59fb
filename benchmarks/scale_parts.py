"""What scale.py stands on: real servers, teams with jobs that wait, and what the servers did."""

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from itertools import count
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import psycopg
from celery import Celery
from redis import Redis
from sqlalchemy import func, select, text

from shared.corpora.models import Corpus
from shared.db import Database
from shared.jobs import services
from shared.jobs.models import Job, Status
from shared.jobs.requests import TrainingRequest
from shared.jobs.submissions import Submitter, submit_training
from shared.limits.models import LIMITS
from shared.logs import configure_logs
from shared.queue import BackgroundTickets, CeleryTickets, make_celery
from shared.settings import Settings, load_settings
from shared.waking import RedisWakes
from tests.support.factories import make_corpus, make_team
from tests.support.servers import running_postgres, running_redis
from worker.node import Node
from worker.stopping import StopFlag
from worker.sweeper import sweep

TEAMS = 20
MANY = replace(LIMITS, queued_jobs=10**7)
TICKS = 100  # of /proc's clock, a second
COUNTERS = """
    SELECT xact_commit, tup_returned + tup_fetched, tup_inserted + tup_updated + tup_deleted
    FROM pg_stat_database WHERE datname = current_database()"""
COPY = """
    INSERT INTO jobs ({columns}) SELECT {values} FROM jobs, generate_series(1, :count)
    WHERE jobs.id = :id"""


@dataclass(frozen=True)
class Counts:
    """What both servers have done so far: seconds of processor, transactions, rows, commands."""

    database_cpu: float
    redis_cpu: float
    commits: int
    read: int
    written: int
    commands: int


@dataclass
class Stock:
    """A database, a broker, and teams each with a corpus."""

    db: Database
    app: Celery
    settings: Settings
    corpora: list[Corpus]
    turns: Iterator[int] = field(default_factory=count)

    def submit(self, number: int) -> Job:
        """Submit a job of one team after the other."""
        corpus = self.corpora[number % TEAMS]
        request = TrainingRequest(corpus_id=corpus.id, preset="tiny")
        with self.db.write() as session:
            return submit_training(session, Submitter(corpus.team_id, limits=MANY), request)

    def submit_one(self) -> None:
        """Submit a job of the team whose turn it is."""
        self.submit(next(self.turns))

    def claim_one(self) -> None:
        """Claim a job."""
        with self.db.write() as session:
            assert services.claim(session, "train", "w", 3600, 10**6) is not None

    def end_all(self, *which: Status) -> None:
        """Let the jobs that stand so have ended, at once."""
        with self.db.write() as session:
            session.execute(
                text("UPDATE jobs SET status = 'cancelled', finished_at = now()"
                     " WHERE status = ANY(:which)"), {"which": list(which)})  # fmt: skip

    def waiting(self) -> int:
        """Return how many jobs wait."""
        query = select(func.count()).select_from(Job).where(Job.status == Status.QUEUED)
        with self.db.read() as session:
            return session.scalars(query).one()

    def fill(self, length: int) -> None:
        """Let so many jobs wait, as many of each team: each is a copy of one that was submitted."""
        more = length - self.waiting()
        for number in range(TEAMS):
            _copy(self.db, self.submit(number), more // TEAMS - 1)
        with self.db.write() as session:
            # What autovacuum does within a minute.
            session.execute(text("ANALYZE"))

    def sweep_until(self, stop: threading.Event) -> None:
        """Go round as the maintenance worker does."""
        # One ticket for each that is asked for, which a web server gathers to one.
        db = Database(self.settings.database_url, CeleryTickets(self.app))
        node = Node(self.settings, db, "sweeper:1", StopFlag())
        while not stop.wait(self.settings.sweep_seconds):
            sweep(node)
        db.close()

    def counts(self) -> Counts:
        """Return what both servers have done."""
        with self.db.read() as session:
            commits, read, written = session.execute(text(COUNTERS)).one()
            folder = session.scalars(text("SHOW data_directory")).one()
        with Redis.from_url(self.settings.redis_url) as client:
            info: dict[str, Any] = client.info()
        cpu = info["used_cpu_sys"] + info["used_cpu_user"]
        commands = info["total_commands_processed"]
        return Counts(_cpu(Path(folder)), cpu, commits, read, written, commands)


@contextmanager
def stocked() -> Iterator[tuple[Stock, Stock]]:
    """Yield two databases of one server with teams, and nothing that waits. Commits wait for the
    disk."""
    with (
        running_postgres() as server,
        running_redis() as redis_url,
        server.migrated() as one,
        server.migrated() as other,
        _stock(one, redis_url) as short,
        _stock(other, redis_url) as long,
    ):
        with psycopg.connect(one, autocommit=True) as connection:
            connection.execute("ALTER SYSTEM RESET fsync")
            connection.execute("SELECT pg_reload_conf()")
        yield short, long


@contextmanager
def _stock(url: str, redis_url: str) -> Iterator[Stock]:
    settings = load_settings(database_url=url, redis_url=redis_url, log_level="WARNING")
    configure_logs(settings)
    app = make_celery(settings)
    db = Database(url, BackgroundTickets(CeleryTickets(app)), RedisWakes(redis_url))
    teams = [make_team(db, f"team {number}") for number in range(TEAMS)]
    try:
        yield Stock(db, app, settings, [make_corpus(db, team_id=team) for team in teams])
    finally:
        db.close()


def _copy(db: Database, job: Job, count: int) -> None:
    names = [column.name for column in Job.__table__.columns]
    values = {"id": "uuidv7()", "event_seq": "0"}
    sql = COPY.format(columns=", ".join(names), values=", ".join(values.get(n, n) for n in names))
    with db.write() as session:
        session.execute(text(sql), {"count": count, "id": job.id})


def _cpu(folder: Path) -> float:
    """Return the seconds of processor of a PostgreSQL server, those of ended backends too."""
    parent = int((folder / "postmaster.pid").read_text().split()[0])
    total = 0.0
    for stat in Path("/proc").glob("[0-9]*/stat"):
        number = int(stat.parent.name)
        own, ended, above = seconds_of(number)
        if number == parent:
            total += own + ended
        elif above == parent:
            total += own
    return total


def seconds_of(process: int) -> tuple[float, float, int]:
    """Return the seconds of a process and of its ended children, and its parent's number."""
    try:
        _, _, rest = Path(f"/proc/{process}/stat").read_text().rpartition(") ")
    except OSError:
        return 0.0, 0.0, 0
    fields = rest.split()
    own, ended = (sum(map(int, fields[first : first + 2])) / TICKS for first in (11, 13))
    return own, ended, int(fields[1])
