"""Pages of a list: ``limit`` rows after the last one seen."""

from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from sqlalchemy import Select
from sqlalchemy.orm import InstrumentedAttribute, Session

T = TypeVar("T")
DEFAULT_LIMIT, MAX_LIMIT = 100, 1000


@dataclass(frozen=True)
class Page(Generic[T]):
    """Some rows of a list, and whether more follow."""

    data: list[T]
    has_more: bool


def page(
    session: Session,
    query: Select[Any],
    key: InstrumentedAttribute[Any],
    *,
    after: Any = None,
    limit: int = DEFAULT_LIMIT,
    newest_first: bool = False,
) -> Page[Any]:
    """Return the rows of ``query`` behind the one whose ``key`` is ``after``.

    ``key`` is unique within the query and only grows with time, so pages stay in step while rows
    arrive.
    """
    if after is not None:
        query = query.where(key < after if newest_first else key > after)
    order = key.desc() if newest_first else key.asc()
    rows = list(session.scalars(query.order_by(order).limit(limit + 1)).unique().all())
    return Page(rows[:limit], has_more=len(rows) > limit)
