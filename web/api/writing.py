"""Writing to the database from a view."""

from collections.abc import Callable
from typing import TypeVar

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from web.context import services

T = TypeVar("T")


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
