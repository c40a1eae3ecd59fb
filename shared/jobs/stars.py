"""Stars: samples that a reader marked, while their job runs or after it. They need no lease."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from shared.errors import NotFound
from shared.ids import is_id
from shared.jobs.models import Job, Sample
from shared.said import said


def star(session: Session, team_id: str, sample_id: str, starred: bool = True) -> Sample:
    """Star a sample, or take its star away; return it. Again, it changes nothing.

    Raises ``NotFound``.
    """
    sample = _sample(session, team_id, sample_id)
    sample.starred = starred
    return sample


def _sample(session: Session, team_id: str, sample_id: str) -> Sample:
    row = session.get(Sample, sample_id) if is_id(sample_id) else None
    owner = row and session.scalar(select(Job.team_id).where(Job.id == row.job_id))
    if row is None or owner != team_id:
        raise NotFound(said("no sample has the id {id}", id=sample_id))
    return row
