"""Makes receipts of texts that nobody has written."""

from typing import Any

from shared.checkpoints.models import Checkpoint
from shared.corpora.models import CorpusVersion
from shared.db import Database
from shared.jobs.records import NewOutput
from shared.receipts import text_sha256
from tests.support.factories import do, make_generation_job
from worker.receipts import Receipts


def make_receipt(db: Database, checkpoint: Checkpoint, text: str = "and then") -> dict[str, Any]:
    """Return the receipt of a text of a job that waits."""
    job = make_generation_job(db, checkpoint)
    version = do(db, lambda s: s.get_one(CorpusVersion, checkpoint.corpus_version_id))
    output = NewOutput(1, 0.6, "It was", {}, len(text), 0, "length", text)
    receipts = Receipts(job, checkpoint, version)
    return receipts.of(output, text_sha256([text.encode()]), "3.10.0").as_json()
