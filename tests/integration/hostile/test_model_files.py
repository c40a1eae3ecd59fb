"""Model files that mean harm: each ends its import with its code, and nothing of it is kept."""

import pytest
from sqlalchemy import func, select

from shared.blobs import Blob, reclaim
from shared.checkpoints.models import Checkpoint
from shared.db import Database
from shared.jobs.models import JobFile
from shared.settings import Settings
from tests.support.factories import make_import, reload
from tests.support.hostile import Hostile, tried
from tests.support.hostile_files import HOSTILE_FILES
from tests.support.nodes import make_node
from worker.runners import work

FILES = [Hostile(one.name, one.tries, None, one.code, one, "the import fails, nothing is kept")
         for one in HOSTILE_FILES]  # fmt: skip


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@tried("Model files", *FILES)
def test_a_model_file(case: Hostile, db: Database, settings: Settings) -> None:
    """The job says what was wrong; the worker goes on."""
    job = make_import(db, case.attack.build(), case.attack.vocabulary)
    assert work(make_node(db, settings), "generate") == 1
    ended = reload(db, job)
    assert (ended.status, ended.error_code) == ("failed", case.code), ended.error_message
    reclaim(db, -1)
    with db.read() as session:
        for table in (Checkpoint, JobFile, Blob):
            assert session.scalar(select(func.count()).select_from(table)) == 0
