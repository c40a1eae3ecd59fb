"""A database, a text and a worker of their own, for benchmarks that run whole jobs."""

import io
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import structlog

import migrations
from shared import tables  # noqa: F401  (fills the metadata)
from shared.accounts.models import DEFAULT_TEAM_ID
from shared.corpora.services import NewText, add_corpus, store_text
from shared.db import Database
from shared.jobs.models import Job
from shared.jobs.submissions import Submitter, submit_training
from shared.logs import configure_logs
from shared.settings import Settings, load_settings
from shared.specs import TrainingRequest
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

    def train(self, corpus_id: str, **spec: Any) -> Job:
        """Run a training job to its end and return it."""
        request = TrainingRequest.model_validate({"corpus_id": corpus_id} | spec)
        with self.db.write() as session:
            job = submit_training(session, Submitter(DEFAULT_TEAM_ID), request)
        work(Node(self.settings, self.db, "benchmark:1", StopFlag()), "train")
        with self.db.read() as session:
            done = session.get_one(Job, job.id)
        assert done.status == "succeeded", (done.error_code, done.error_message)
        return done


@contextmanager
def workbench(**settings: Any) -> Iterator[Workbench]:
    """Yield a workbench whose ``settings`` are the defaults but for those given."""
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{folder}/charloom.db"
        migrations.upgrade(url)
        chosen = load_settings(database_url=url, log_level="WARNING", **settings)
        configure_logs(chosen)
        structlog.contextvars.clear_contextvars()
        db = Database(url)
        try:
            yield Workbench(db, chosen)
        finally:
            db.close()
