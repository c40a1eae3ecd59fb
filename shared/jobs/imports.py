"""Imports: from an uploaded model file to a job, and from its numbers to a checkpoint."""

from typing import Any

from pydantic import ConfigDict, Field
from sqlalchemy.orm import Session

from shared.blobs import StoredBlob
from shared.checkpoints.models import Checkpoint
from shared.checkpoints.services import add_imported
from shared.fields import Name, Spec, Text
from shared.jobs.answers import INPUT, attach
from shared.jobs.models import Job, Kind
from shared.jobs.requests import Priority
from shared.jobs.rows import Lease, fence, happened
from shared.jobs.services import submit
from shared.jobs.submissions import Submitter, earlier, stamped
from shared.vocabularies import MOST_CHARACTERS

# Somebody waits for it, and it takes seconds.
IMPORT_PRIORITY = 5


FILES = {
    "file": "A `.keras` file, or a bundle.zip of charloom's.",
    "vocabulary": "The model's characters in its order, where the file does not have them: a JSON "
    "list, a JSON object of characters and their places, or plain text.",
}


class ImportSpec(Spec):
    """What is known of an uploaded model file."""

    file: str | None = Field(None, max_length=200, description="The file's own name.")
    sha256: str = Field(description="Of the file as it came.")
    bytes: int = Field(description="Of the file as it came.")
    vocabulary: str | None = Field(
        None,
        max_length=MOST_CHARACTERS,
        description="The model's characters in its order. null: the file has them.",
    )


class ImportBody(Spec):
    """A model file that comes as a form, and what may be said of it besides."""

    model_config = ConfigDict(json_schema_extra={"x-files": dict(FILES)})

    name: Name | None = Field(None, description="Left out: the file's name.")
    characters: Text | None = Field(
        None,
        max_length=MOST_CHARACTERS,
        description="The model's characters in its order, where the file does not have them: this, "
        "or a file `vocabulary`.",
    )


class ImportRequest(Spec):
    """A submission: which model file, and what it is called."""

    name: Name
    priority: Priority = IMPORT_PRIORITY
    spec: ImportSpec


def submit_import(
    session: Session, who: Submitter, request: ImportRequest, stored: StoredBlob
) -> Job:
    """Queue the import of a stored file, or return the job that came with the same key and body.

    Raises ``KeyReused``.
    """
    if found := earlier(session, who, Kind.IMPORT, request):
        return found
    job = Job(
        kind=Kind.IMPORT, name=request.name, preset=None, priority=request.priority,
        spec=request.spec.stored(), checkpoint_id=None, corpus_version_id=None,
        progress={"epoch": 0, "epochs": 0, "step": 0, "steps": 0, "fraction": 0.0,
                  "eta_seconds": None},
    )  # fmt: skip
    submit(session, stamped(job, who, request), who.limits)
    attach(session, job.id, INPUT, stored.id)
    return job


def record_import(
    session: Session, lease: Lease, model: StoredBlob, vocabulary: str, spec: dict[str, Any]
) -> Checkpoint:
    """Add the checkpoint that came of a running import. Raises ``LeaseLost``."""
    fence(session, lease)
    job = session.get_one(Job, lease.job_id)
    row = add_imported(session, job, lease.attempt, model, vocabulary, spec)
    happened(session, lease, "checkpoint", {"id": row.id, "epoch": row.epoch})
    return row
