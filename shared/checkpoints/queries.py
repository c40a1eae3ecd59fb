"""Reading checkpoints and resume states."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from shared.checkpoints.models import Checkpoint, ResumeState
from shared.corpora.models import CorpusVersion
from shared.errors import NotFound
from shared.ids import is_id
from shared.jobs.models import Job
from shared.pages import DEFAULT_LIMIT, Page, page
from shared.said import said


def get_checkpoint(session: Session, team_id: str, checkpoint_id: str) -> Checkpoint:
    """Return the team's checkpoint. Raises ``NotFound``."""
    row = session.get(Checkpoint, checkpoint_id) if is_id(checkpoint_id) else None
    owner = row and session.scalar(select(Job.team_id).where(Job.id == row.job_id))
    if row is None or owner != team_id:
        raise NotFound(said("no checkpoint has the id {id}", id=checkpoint_id))
    return row


def trained_on(session: Session, row: Checkpoint) -> CorpusVersion | None:
    """Return the text that a checkpoint was trained on; None where that was elsewhere."""
    if row.corpus_version_id is None:
        return None
    return session.get_one(CorpusVersion, row.corpus_version_id)


def list_checkpoints(
    session: Session, job_id: str, *, after: str | None = None, limit: int = DEFAULT_LIMIT
) -> Page[Checkpoint]:
    """Return the job's checkpoints, oldest first."""
    query = select(Checkpoint).where(Checkpoint.job_id == job_id)
    return page(session, query, Checkpoint.id, after=after, limit=limit)


def latest_checkpoints(
    session: Session, team_id: str, limit: int = 200
) -> list[tuple[Checkpoint, Job]]:
    """Return the team's newest checkpoints with the jobs that made them, newest first."""
    query = (
        select(Checkpoint, Job)
        .join(Job, Checkpoint.job_id == Job.id)
        .where(Job.team_id == team_id)
        .order_by(Checkpoint.id.desc())
        .limit(limit)
    )
    return [(row[0], row[1]) for row in session.execute(query)]


def resume_blob(session: Session, job_id: str) -> str | None:
    """Return the blob of the job's resume state, if it has one."""
    return session.scalar(select(ResumeState.blob_id).where(ResumeState.job_id == job_id))
