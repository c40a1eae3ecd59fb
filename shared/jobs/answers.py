"""Jobs that answer, and the files of jobs: bytes that go in, bytes that come out."""

from datetime import timedelta

from sqlalchemy import delete, or_, select, text
from sqlalchemy.orm import Session

from shared.blobs import without_grace
from shared.checkpoints.models import Checkpoint
from shared.db import Database, database_now
from shared.errors import MoveRefused, NotFound
from shared.jobs.models import ANSWERS, ENDED, IS_ANSWER, Job, JobFile, Kind, Status
from shared.jobs.queries import OF_DESK
from shared.jobs.rows import Lease, fence
from shared.notices.services import job_ended
from shared.said import said

INPUT, RESULT = "input", "result"
# Deleted in one transaction.
AT_ONCE = 200


def attach(session: Session, job_id: str, role: str, blob_id: str) -> None:
    """Give a job a file, which replaces the one that it had. Raises ``BlobMissing``."""
    without_grace(session, blob_id)
    session.merge(JobFile(job_id=job_id, role=role, blob_id=blob_id))


def keep_result(session: Session, lease: Lease, blob_id: str) -> None:
    """Store what came of a running job. Raises ``LeaseLost``, ``BlobMissing``."""
    fence(session, lease)
    attach(session, lease.job_id, RESULT, blob_id)


def input_blob(session: Session, job_id: str) -> str:
    """Return the blob of what a job is to read."""
    return session.get_one(JobFile, (job_id, INPUT)).blob_id


def result_blob(session: Session, job: Job) -> str:
    """Return the blob of what came of a job. Raises ``NotFound`` while there is none."""
    file = session.get(JobFile, (job.id, RESULT))
    if file is not None and job.status == Status.SUCCEEDED:
        return file.blob_id
    if job.kind not in ANSWERS:
        kinds = " and ".join(ANSWERS)
        raise NotFound(
            said(
                "job {id} is a {kind} job; {kinds} jobs have results",
                id=job.id,
                kind=job.kind,
                kinds=kinds,
            )
        )
    told = said("job {id} is {status} and has no result", id=job.id, status=job.status)
    if job.error_message:
        told = said("{before}: {why}", before=told, why=job.error_message)
    raise NotFound(told)


def ended(session: Session, job: Job) -> None:
    """Do what the end of a job asks for: who is to know is told, and an upload is let go."""
    if job.kind == Kind.IMPORT:
        session.execute(delete(JobFile).where(JobFile.job_id == job.id, JobFile.role == INPUT))
    job_ended(session, job.id, job.name, Status(job.status))


def check_input(session: Session, job_id: str) -> None:
    """Refuse to do an import again, whose upload is gone. Raises ``MoveRefused``."""
    if session.scalar(select(Job.kind).where(Job.id == job_id)) == Kind.IMPORT:
        raise MoveRefused(said("nothing is kept of the file of an import: upload it again"))


def forget(db: Database, seconds: float) -> int:
    """Delete answers that ended longer ago than that, some at a time; return how many.

    Looked for without a lock first: as a rule there is none.
    """
    with db.read() as session:
        old = database_now(session) - timedelta(seconds=seconds)
        which = (text(IS_ANSWER), Job.finished_at < old, Job.status.in_(ENDED))
        query = select(Job.id).where(*which).order_by(Job.finished_at).limit(AT_ONCE)
        ids = session.scalars(query).all()
    if not ids:
        return 0
    with db.write() as session:
        gone = session.execute(delete(Job).where(Job.id.in_(ids), *which).returning(Job.id))
        return len(gone.all())


def forget_of(session: Session, job_id: str) -> None:
    """Delete what ended and was answered, or written at the desk, with a job's checkpoints."""
    made = select(Checkpoint.id).where(Checkpoint.job_id == job_id)
    small = or_(Job.kind.in_(ANSWERS), OF_DESK)
    which = (Job.checkpoint_id.in_(made), small, Job.status.in_(ENDED))
    session.execute(delete(Job).where(*which).execution_options(synchronize_session=False))
