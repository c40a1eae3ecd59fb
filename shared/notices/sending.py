"""Which notice is sent next, by one process alone, and what is recorded of a try.

A claim is one guarded update, and its time runs out: a notice whose sender died is taken up again,
and then may arrive twice, with one id.
"""

from dataclasses import dataclass

from sqlalchemy import or_, select, update
from sqlalchemy.orm import Session

from shared.db import database_time, now
from shared.notices.models import Delivery, Notice, NoticeStatus, Receiver

CLAIM_SECONDS = 60.0
# Between one try and the next; the last of them again and again until a day is over.
WAITS = (5.0, 30.0, 120.0, 600.0, 1800.0, 3600.0, 7200.0)


@dataclass(frozen=True)
class ClaimedNotice:
    """A notice that this process alone sends, and to whom."""

    notice: Notice
    receiver: Receiver


@dataclass(frozen=True)
class Outcome:
    """What came of a try: taken where there is no ``error``; ``final`` where no other may help."""

    seconds: float
    status_code: int | None = None
    error: str | None = None
    final: bool = False


def claim_notice(session: Session) -> ClaimedNotice | None:
    """Take the notice that has been due for longest and that nobody sends, or None."""
    time = database_time()
    due = (
        Notice.status == NoticeStatus.PENDING,
        Notice.next_try_at <= time,
        or_(Notice.claimed_until.is_(None), Notice.claimed_until < time),
    )
    oldest = (
        select(Notice.id)
        .where(*due)
        .order_by(Notice.next_try_at, Notice.id)
        .limit(1)
        .with_for_update(skip_locked=True)
        .scalar_subquery()
    )
    claimed = update(Notice).where(Notice.id == oldest, *due).returning(Notice)
    notice = session.scalars(claimed.values(claimed_until=time + CLAIM_SECONDS)).one_or_none()
    if notice is None:
        return None
    return ClaimedNotice(notice, session.get_one(Receiver, notice.receiver_id))


def record(session: Session, claimed: ClaimedNotice, outcome: Outcome) -> NoticeStatus | None:
    """Write what came of a try, and when the next one is; return where the notice stands.

    None where its claim ran out meanwhile and another process has written.
    """
    notice = session.get(Notice, claimed.notice.id, with_for_update=True, populate_existing=True)
    if notice is None or notice.tries != claimed.notice.tries or notice.ended_at is not None:
        return None
    notice.tries += 1
    session.add(_delivery(notice, outcome))
    time = session.scalars(select(database_time())).one()
    following = time + WAITS[min(notice.tries, len(WAITS)) - 1]
    notice.status, notice.claimed_until = NoticeStatus.PENDING, None
    notice.next_try_at = following
    if outcome.error is None:
        notice.status = NoticeStatus.DELIVERED
    elif outcome.final or following > notice.given_up_at:
        notice.status = NoticeStatus.FAILED
    if notice.status != NoticeStatus.PENDING:
        notice.ended_at = now()
    return NoticeStatus(notice.status)


def _delivery(notice: Notice, outcome: Outcome) -> Delivery:
    return Delivery(
        notice_id=notice.id,
        number=notice.tries,
        status_code=outcome.status_code,
        error=outcome.error,
        seconds=outcome.seconds,
        created_at=now(),
    )
