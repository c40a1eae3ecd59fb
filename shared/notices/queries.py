"""Reading receivers, and what they were told."""

from collections.abc import Sequence

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from shared.errors import NotFound
from shared.ids import is_id
from shared.notices.models import Delivery, Notice, Receiver, ScheduleReceiver
from shared.pages import DEFAULT_LIMIT, Page, page
from shared.said import said


def get_receiver(session: Session, team_id: str, receiver_id: str) -> Receiver:
    """Return the team's receiver. Raises ``NotFound``."""
    receiver = session.get(Receiver, receiver_id) if is_id(receiver_id) else None
    if receiver is None or receiver.team_id != team_id:
        raise NotFound(said("no receiver has the id {id}", id=receiver_id))
    return receiver


def list_receivers(
    session: Session, team_id: str, *, after: str | None = None, limit: int = DEFAULT_LIMIT
) -> Page[Receiver]:
    """Return the team's receivers, oldest first."""
    query = select(Receiver).where(Receiver.team_id == team_id)
    return page(session, query, Receiver.id, after=after, limit=limit)


def list_notices(
    session: Session,
    receiver_id: str,
    *,
    after: str | None = None,
    limit: int = DEFAULT_LIMIT,
    newest_first: bool = False,
) -> Page[Notice]:
    """Return what a receiver was told, oldest first unless asked otherwise."""
    query = select(Notice).where(Notice.receiver_id == receiver_id)
    return page(session, query, Notice.id, after=after, limit=limit, newest_first=newest_first)


def deliveries_of(session: Session, notices: Sequence[Notice]) -> dict[str, list[Delivery]]:
    """Return the tries of each notice, by its id."""
    found: dict[str, list[Delivery]] = {notice.id: [] for notice in notices}
    query = select(Delivery).where(Delivery.notice_id.in_(found)).order_by(Delivery.number)
    for delivery in session.scalars(query):
        found[delivery.notice_id].append(delivery)
    return found


def told_of(session: Session, schedule_id: str) -> list[str]:
    """Return the ids of the receivers that are told what comes of a schedule's runs."""
    query = select(ScheduleReceiver.receiver_id).where(ScheduleReceiver.schedule_id == schedule_id)
    return list(session.scalars(query.order_by(ScheduleReceiver.receiver_id)))


def count_notices(session: Session) -> dict[str, int]:
    """Return how many notices have each status, whoever's they are."""
    rows = session.execute(select(Notice.status, func.count()).group_by(Notice.status))
    found = dict.fromkeys(("pending", "delivered", "failed"), 0)
    return found | {status: count for status, count in rows}  # noqa: C416  (rows are no pairs)
