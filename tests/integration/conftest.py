"""A trained model, and who works with it: trained once, for a second of each test went there.

And a Redis that is waited for.
"""

import shutil
from collections.abc import Iterator
from pathlib import Path
from threading import Event, Thread

import pytest

from shared.blobs import read_blob
from shared.checkpoints.models import Checkpoint
from shared.checkpoints.queries import list_checkpoints
from shared.db import Database
from shared.jobs.services import succeed
from shared.settings import Settings, load_settings
from tests.support.factories import claim_job, do, finish_epoch, make_training_job
from tests.support.nodes import make_node
from web.counting import OPTIONS
from worker.runners import work

PATIENCE_SECONDS = 10


@pytest.fixture(scope="session")
def trained(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """The file of a model that was trained for one tiny epoch, by the real trainer."""
    folder = tmp_path_factory.mktemp("trained")
    url = f"sqlite:///{shutil.copy(sqlite_template, folder / 'charloom.db')}"
    settings = load_settings(database_url=url, cache_folder=folder, token="t", secret_key="k")
    db = Database(url)
    job = make_training_job(db, epochs=1)
    work(make_node(db, settings), "train")
    with db.read() as session:
        blob_id = list_checkpoints(session, job.id).data[0].blob_id
    data = b"".join(read_blob(db, blob_id))
    db.close()
    return data


@pytest.fixture
def patient_counting(monkeypatch: pytest.MonkeyPatch) -> None:
    """Count in Redis though it be slow, as on a machine that runs other tests, too."""
    for option in ("socket_timeout", "socket_connect_timeout"):
        monkeypatch.setitem(OPTIONS, option, PATIENCE_SECONDS)


@pytest.fixture
def checkpoint(db: Database, trained: bytes) -> Checkpoint:
    """A checkpoint of that model, as the trainer leaves one."""
    job = make_training_job(db, epochs=1)
    lease = claim_job(db, job)
    finish_epoch(db, lease, model=trained)
    do(db, lambda session: succeed(session, lease))
    with db.read() as session:
        return list_checkpoints(session, job.id).data[0]


@pytest.fixture
def worker(database_url: str, settings: Settings) -> Iterator[None]:
    """A worker of the queue of texts, in a thread of its own."""
    db, over = Database(database_url), Event()
    node = make_node(db, settings)

    def run() -> None:
        while not over.wait(0.02):
            work(node, "generate")

    thread = Thread(target=run)
    thread.start()
    yield
    over.set()
    thread.join()
    db.close()
