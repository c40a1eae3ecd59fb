"""Reading what a team has and may have."""

from dataclasses import asdict, replace

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from shared.accounts.models import Team
from shared.blobs import Blob
from shared.corpora.models import Corpus, CorpusVersion
from shared.jobs.models import Job, Status
from shared.limits.models import Limits, Standing, Use

# What a team's row may say otherwise, by the name of the limit.
OWN = {
    "corpora": Team.most_corpora,
    "corpus_bytes": Team.most_corpus_bytes,
    "queued_jobs": Team.most_queued_jobs,
    "running_jobs": Team.most_running_jobs,
    "output_characters": Team.most_output_characters,
}


def own_limits(session: Session, team_id: str) -> dict[str, int]:
    """Return the limits that a team's row has for itself, by name."""
    row = session.execute(select(*OWN.values()).where(Team.id == team_id)).one()
    return {name: value for name, value in zip(OWN, row, strict=True) if value is not None}


def limits_of(session: Session, team_id: str, usual: Limits) -> Limits:
    """Return what a team may have: the installation's limits, and its own over them."""
    return replace(usual, **own_limits(session, team_id))


def standing(session: Session, team_id: str, usual: Limits) -> list[Standing]:
    """Return each limit of a team with what it has of that."""
    own, use = own_limits(session, team_id), asdict(use_of(session, team_id))
    return [
        Standing(name, own.get(name, getattr(usual, name)), use.get(name), name in own)
        for name in OWN
    ]


def use_of(session: Session, team_id: str) -> Use:
    """Return what a team has."""
    return Use(
        corpora=count_corpora(session, team_id),
        corpus_bytes=count_bytes(session, team_id),
        queued_jobs=count_jobs(session, team_id, Status.QUEUED),
        running_jobs=count_jobs(session, team_id, Status.RUNNING),
    )


def count_corpora(session: Session, team_id: str) -> int:
    """Return how many corpora a team has."""
    return session.scalars(select(func.count()).where(Corpus.team_id == team_id)).one()


def count_bytes(session: Session, team_id: str) -> int:
    """Return the bytes of all versions of a team's corpora; equal ones of two corpora twice."""
    query = (
        select(func.coalesce(func.sum(Blob.bytes), 0))
        .join(CorpusVersion, CorpusVersion.blob_id == Blob.id)
        .join(Corpus, CorpusVersion.corpus_id == Corpus.id)
        .where(Corpus.team_id == team_id)
    )
    return int(session.scalars(query).one())


def count_jobs(session: Session, team_id: str, status: Status, most: int | None = None) -> int:
    """Return how many of a team's jobs stand so, counting no further than ``most``.

    Over the partial indexes of waiting and of running jobs: see ``shared.jobs.models``.
    """
    ids = select(Job.id).where(Job.team_id == team_id, Job.status == status).limit(most)
    return session.scalars(select(func.count()).select_from(ids.subquery())).one()
