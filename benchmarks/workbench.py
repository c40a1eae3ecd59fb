"""A database, a text and a worker of their own, for benchmarks that run whole jobs."""

import io
import resource
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import structlog
from sqlalchemy import select

import migrations
from shared import tables  # noqa: F401  (fills the metadata)
from shared.accounts.models import DEFAULT_TEAM_ID
from shared.corpora.services import NewText, add_corpus, store_text
from shared.db import Database
from shared.jobs.models import Epoch, Job
from shared.jobs.requests import GenerationRequest, TrainingRequest
from shared.jobs.submissions import Submitter, submit_generation, submit_training
from shared.logs import configure_logs
from shared.settings import Settings, load_settings
from worker.node import Node
from worker.runners import work
from worker.stopping import StopFlag


@dataclass(frozen=True)
class Workbench:
    """A migrated SQLite database, and a worker of this very process."""

    db: Database
    settings: Settings

    def add_text(self, text: bytes) -> str:
        """Store a text as an upload would be; return its corpus' id."""
        stored = store_text(self.db, NewText(io.BytesIO(text), "upload"))
        with self.db.write() as session:
            return add_corpus(session, DEFAULT_TEAM_ID, "text", stored).id

    def submit(self, corpus_id: str, **spec: Any) -> Job:
        """Submit a training job."""
        request = TrainingRequest.model_validate({"corpus_id": corpus_id} | spec)
        with self.db.write() as session:
            return submit_training(session, Submitter(DEFAULT_TEAM_ID), request)

    def submit_generation(self, checkpoint_id: str, **spec: Any) -> Job:
        """Submit a generation job."""
        request = GenerationRequest.model_validate({"checkpoint_id": checkpoint_id} | spec)
        with self.db.write() as session:
            return submit_generation(session, Submitter(DEFAULT_TEAM_ID), request)

    def work(self, job: Job, wanted: str = "succeeded") -> Job:
        """Run a job to its end and return it."""
        work(Node(self.settings, self.db, "benchmark:1", StopFlag()), job.kind)
        with self.db.read() as session:
            done = session.get_one(Job, job.id)
        assert done.status == wanted, (done.status, done.error_code, done.error_message)
        return done

    def train(self, corpus_id: str, **spec: Any) -> Job:
        """Submit a training job, run it to its end and return it."""
        return self.work(self.submit(corpus_id, **spec))

    def epochs(self, job: Job) -> list[Epoch]:
        """Return a job's epoch records so far."""
        with self.db.read() as session:
            return list(
                session.scalars(select(Epoch).where(Epoch.job_id == job.id).order_by(Epoch.epoch))
            )


def memory_gb() -> float:
    """Return the most memory that this process has held, in GB."""
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e9


@contextmanager
def workbench(**settings: Any) -> Iterator[Workbench]:
    """Yield a workbench whose ``settings`` are the defaults but for those given."""
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{folder}/charloom.db"
        migrations.upgrade(url)
        own = {"database_url": url, "cache_folder": Path(folder, "cache")}
        chosen = load_settings(log_level="WARNING", **own | settings)
        configure_logs(chosen)
        structlog.contextvars.clear_contextvars()
        db = Database(url)
        try:
            yield Workbench(db, chosen)
        finally:
            db.close()
