"""Writing to the database from a view."""

from collections.abc import Callable
from typing import TypeVar

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from shared.jobs.models import Job
from shared.limits.models import Limits
from web.context import limits, services

T = TypeVar("T")


def within_limits(
    move: Callable[[Session, str, Limits], Job],
) -> Callable[[Session, str], Job]:
    """Return a move that lets a job wait again, as the installation's limits allow."""
    return lambda session, job_id: move(session, job_id, limits())


def write(work: Callable[[Session], T]) -> T:
    """Do ``work`` in a transaction; once more where another request got in between.

    The second time it sees what the other one wrote: the job with the same key, the version with
    the same number, the job that reads the corpus.
    """
    try:
        with services().db.write() as session:
            return work(session)
    except IntegrityError:
        with services().db.write() as session:
            return work(session)
