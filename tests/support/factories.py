"""Makes what a test stands on, through the real services."""

import io
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from sqlalchemy import insert
from sqlalchemy.orm import Session

from shared.accounts.models import DEFAULT_TEAM_ID, Team
from shared.blobs import StoredBlob, write_blob
from shared.checkpoints.models import Checkpoint
from shared.checkpoints.queries import list_checkpoints
from shared.checkpoints.services import NewCheckpoint
from shared.corpora.cleaning import Cleaning
from shared.corpora.models import Corpus, CorpusVersion
from shared.corpora.services import NewText, StoredText, add_corpus, store_text
from shared.db import Database, now
from shared.ids import new_id
from shared.jobs.imports import ImportRequest, ImportSpec, record_import, submit_import
from shared.jobs.models import Job
from shared.jobs.queries import get_job
from shared.jobs.questions import submit_scoring, submit_verification
from shared.jobs.records import NewSample, record_epoch
from shared.jobs.requests import GenerationRequest, ScoreRequest, TrainingRequest, VerifyRequest
from shared.jobs.rows import Lease
from shared.jobs.services import cancel, claim, fail, pause, succeed
from shared.jobs.submissions import Submitter, submit_generation, submit_training
from shared.jobs.written import NewPiece, write_pieces
from shared.specs import TrainingSpec

TEXT = "It was the best of times, it was the worst of times.\n" * 40
WORKER = "node:1"
T = TypeVar("T")


NUMBERS: dict[str, Any] = {
    "loss": 2.0,
    "val_loss": 2.1,
    "accuracy": 0.4,
    "val_accuracy": 0.39,
    "seconds": 1.5,
    "characters_per_second": 1000.0,
    "learning_rate": 0.01,
}


def do(db: Database, step: Callable[[Session], T]) -> T:
    """Do one thing in a transaction of its own."""
    with db.write() as session:
        return step(session)


def make_team(db: Database, name: str = "the others") -> str:
    """Add a second team; return its id."""
    with db.write() as session:
        team = Team(id=new_id(), name=name, created_at=now())
        session.add(team)
        return team.id


def stored_text(db: Database, text: str = TEXT, **options: bool) -> StoredText:
    """Clean and store ``text`` as a paste would be."""
    file = io.BytesIO(text.encode())
    return store_text(db, NewText(file, "paste", Cleaning(**options)))


def make_corpus(
    db: Database, text: str = TEXT, name: str = "a corpus", team_id: str = DEFAULT_TEAM_ID
) -> Corpus:
    """Add a corpus with one version."""
    stored = stored_text(db, text)
    with db.write() as session:
        return add_corpus(session, team_id, name, stored)


def make_training_job(
    db: Database,
    corpus: Corpus | None = None,
    *,
    team_id: str = DEFAULT_TEAM_ID,
    max_losses: int = 3,
    key: str | None = None,
    **fields: Any,
) -> Job:
    """Submit a training job, ``tiny`` unless ``fields`` say otherwise."""
    corpus = corpus or make_corpus(db, team_id=team_id)
    given = {"corpus_id": corpus.id, "preset": "tiny"} | fields
    request = TrainingRequest.model_validate(given)
    with db.write() as session:
        return submit_training(session, Submitter(team_id, max_losses, key), request)


def queue_many(db: Database, corpus: Corpus, count: int, **fields: Any) -> list[str]:
    """Let many training jobs of a corpus' team wait; return their ids, oldest first."""
    job = make_training_job(db, corpus, team_id=corpus.team_id, **fields)
    values = {column.name: getattr(job, column.name) for column in Job.__table__.columns}
    ids = [job.id, *sorted(new_id() for _ in range(count - 1))]
    rows = [values | {"id": id_} for id_ in ids[1:]]
    do(db, lambda s: s.execute(insert(Job), rows))
    return ids


def make_standing_job(db: Database, status: str) -> Job:
    """Return a training job that stands at ``status``, brought there by moves alone.

    Where a worker had it, it has finished an epoch.
    """
    job = make_training_job(db)
    if status in ("paused", "cancelled"):
        with db.write() as session:
            (pause if status == "paused" else cancel)(session, job.id)
    elif status != "queued":
        _run_to(db, claim_job(db, job), status)
    return reload(db, job)


def make_generation_job(
    db: Database, checkpoint: Checkpoint | None = None, key: str | None = None, **fields: Any
) -> Job:
    """Submit a generation job with a checkpoint, made for it when none is given."""
    checkpoint = checkpoint or make_checkpoint(db)
    given = {"checkpoint_id": checkpoint.id, "length": 50} | fields
    request = GenerationRequest.model_validate(given)
    with db.write() as session:
        who = Submitter(DEFAULT_TEAM_ID, idempotency_key=key)
        return submit_generation(session, who, request)


def make_scoring_job(
    db: Database, checkpoint: Checkpoint | None = None, text: str = "It was", **fields: Any
) -> Job:
    """Submit the scoring of a text with a checkpoint, made for it when none is given."""
    checkpoint = checkpoint or make_checkpoint(db)
    given = {"checkpoint_id": checkpoint.id, "text": text} | fields
    request, stored = ScoreRequest.model_validate(given), make_blob(db, text.encode())
    return do(db, lambda s: submit_scoring(s, Submitter(DEFAULT_TEAM_ID), request, stored))


def make_verifying_job(db: Database, receipt: dict[str, Any], text: str | None = None) -> Job:
    """Submit the verification of a receipt."""
    request = VerifyRequest.model_validate({"receipt": receipt, "text": text})
    stored = make_blob(db, request.model_dump_json(exclude_unset=True).encode())
    return do(db, lambda s: submit_verification(s, Submitter(DEFAULT_TEAM_ID), request, stored))


def make_import(
    db: Database, data: bytes, vocabulary: str | None = None, team_id: str = DEFAULT_TEAM_ID
) -> Job:
    """Submit the import of a file."""
    stored = make_blob(db, data)
    spec = ImportSpec(sha256=stored.sha256, bytes=stored.bytes, vocabulary=vocabulary)
    request = ImportRequest(name="theirs.keras", spec=spec)
    return do(db, lambda s: submit_import(s, Submitter(team_id), request, stored))


def make_imported(
    db: Database, data: bytes = b"an imported model", vocabulary: str = "It was", **spec: Any
) -> Checkpoint:
    """Record what came of an import as a worker does, without reading any file."""
    lease = claim_job(db, make_import(db, b"a file"))
    stored, whole = make_blob(db, data), TrainingSpec(**spec).model_dump(mode="json")
    row = do(db, lambda s: record_import(s, lease, stored, vocabulary, whole))
    do(db, lambda s: succeed(s, lease))
    return row


def claim_job(
    db: Database, job: Job | None = None, *, queue: str = "train", seconds: float = 30
) -> Lease:
    """Claim the best queued job of ``queue``, which must be ``job`` where one is given."""
    with db.write() as session:
        claimed = claim(session, job.queue if job else queue, WORKER, seconds)
    if claimed is None or (job is not None and claimed.id != job.id):
        raise AssertionError(f"claimed {claimed and claimed.id}, not {job and job.id}")
    return Lease(claimed.id, claimed.attempt)


def finish_epoch(
    db: Database,
    lease: Lease,
    epoch: int = 1,
    *,
    model: bytes | None = None,
    state: bytes | None = None,
    sample: str | None = "and then",
    temperatures: Sequence[float] = (0.6,),
    samples: Sequence[NewSample] | None = None,
    **numbers: Any,
) -> None:
    """Record an epoch of a claimed training job: a checkpoint, a state, samples of one text."""
    mark = f"{lease.job_id} {lease.attempt} {epoch}"
    model_blob = make_blob(db, model or f"model {mark}".encode())
    state_blob = make_blob(db, state or f"state {mark}".encode())
    columns = {"epoch": epoch} | NUMBERS | numbers
    with db.write() as session:
        vocabulary = _vocabulary(session, lease)
        checkpoint = NewCheckpoint(model_blob, vocabulary, columns["loss"], columns["val_loss"])
        new = [] if sample is None else [NewSample(t, "It was", sample, 7) for t in temperatures]
        given = new if samples is None else samples
        record_epoch(session, lease, columns, given, checkpoint, state_blob)


def write_text(db: Database, lease: Lease, number: int, *texts: str) -> list[NewPiece]:
    """Write a text of a claimed generation job from its beginning, a piece and an event each."""
    start = start_byte = 0
    pieces = []
    for text in texts:
        pieces.append(NewPiece(number, start, start_byte, text))
        do(db, lambda s: write_pieces(s, lease, pieces[-1:]))
        start, start_byte = start + len(text), start_byte + len(text.encode())
    return pieces


def make_checkpoint(
    db: Database, job: Job | None = None, *, lease: Lease | None = None, epoch: int = 1
) -> Checkpoint:
    """Claim a training job (unless ``lease`` holds it) and record an epoch; its checkpoint."""
    job = job or make_training_job(db)
    lease = lease or claim_job(db, job)
    finish_epoch(db, lease, epoch)
    with db.read() as session:
        return list_checkpoints(session, job.id).data[-1]


def make_blob(db: Database, data: bytes) -> StoredBlob:
    """Store bytes."""
    return write_blob(db, [data])


def reload(db: Database, job: Job | Lease) -> Job:
    """Return the job as the database has it now, whichever team's it is."""
    with db.read() as session:
        found = session.get_one(Job, job.id if isinstance(job, Job) else job.job_id)
        return get_job(session, found.team_id, found.id)


def _run_to(db: Database, lease: Lease, status: str) -> None:
    finish_epoch(db, lease)
    with db.write() as session:
        if status == "succeeded":
            succeed(session, lease)
        elif status == "failed":
            fail(session, lease, "diverged", "the loss is no number")


def _vocabulary(session: Session, lease: Lease) -> str:
    job = session.get_one(Job, lease.job_id)
    return session.get_one(CorpusVersion, job.corpus_version_id).vocabulary
