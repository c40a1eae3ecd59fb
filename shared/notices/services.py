"""Receivers are added, and told: each notice stands in the transaction of what it tells."""

import json
from collections.abc import Sequence

from sqlalchemy import delete, insert, select
from sqlalchemy.orm import Session

from shared.db import database_time, now
from shared.errors import InvalidFields
from shared.ids import is_id, new_id
from shared.notices.models import (
    JobReceiver,
    Notice,
    NoticeStatus,
    Receiver,
    ScheduleReceiver,
)
from shared.notices.queries import get_receiver
from shared.notices.signing import new_secret
from shared.said import said

DAY_SECONDS = 24 * 3600.0
TEST = "test"


def add_receiver(
    session: Session, team_id: str, name: str, *, url: str | None = None, email: str | None = None
) -> Receiver:
    """Add a receiver with one address; one with a URL gets a secret."""
    receiver = Receiver(
        id=new_id(),
        team_id=team_id,
        name=name,
        url=url,
        email=email,
        secret=new_secret() if url is not None else None,
        created_at=now(),
    )
    session.add(receiver)
    session.flush()
    return receiver


def delete_receiver(session: Session, team_id: str, receiver_id: str) -> None:
    """Delete a receiver with all that it was told. Raises ``NotFound``."""
    receiver = get_receiver(session, team_id, receiver_id)
    session.execute(delete(Receiver).where(Receiver.id == receiver.id))


def tell_job(session: Session, job_id: str, receiver_ids: Sequence[str]) -> None:
    """Have receivers told of a job's end."""
    _subscribe(session, JobReceiver, receiver_ids, job_id=job_id)


def tell_schedule(session: Session, schedule_id: str, receiver_ids: Sequence[str]) -> None:
    """Have these receivers, and no others, told what comes of a schedule's runs."""
    old = delete(ScheduleReceiver).where(ScheduleReceiver.schedule_id == schedule_id)
    session.execute(old)
    _subscribe(session, ScheduleReceiver, receiver_ids, schedule_id=schedule_id)


def check_receivers(session: Session, team_id: str, receiver_ids: Sequence[str]) -> None:
    """Raise ``InvalidFields`` where one of the ids is not that of a receiver of the team."""
    mine = select(Receiver.id).where(Receiver.team_id == team_id)
    known = set(session.scalars(mine.where(Receiver.id.in_(filter(is_id, receiver_ids)))))
    for receiver_id in receiver_ids:
        if receiver_id not in known:
            message = said("no receiver has the id {id}", id=receiver_id)
            raise InvalidFields.one("notify", message, receiver_id, said("the ids of receivers"))


def job_ended(session: Session, job_id: str, name: str, status: str) -> None:
    """Write a notice for each receiver that is told of a job's end."""
    query = select(JobReceiver.receiver_id).where(JobReceiver.job_id == job_id)
    for receiver_id in session.scalars(query):
        notify(session, receiver_id, f"job.{status}", job_id, _ended(repr(name), status))


def schedule_told(session: Session, schedule_id: str, what: str, told: str) -> None:
    """Write a notice for each receiver that is told what came of a schedule's run."""
    query = select(ScheduleReceiver.receiver_id).where(ScheduleReceiver.schedule_id == schedule_id)
    for receiver_id in session.scalars(query):
        notify(session, receiver_id, f"schedule.{what}", schedule_id, told)


def _ended(name: str, status: str) -> str:
    told = {
        "succeeded": said("The job {name} succeeded", name=name),
        "failed": said("The job {name} failed", name=name),
        "cancelled": said("The job {name} cancelled", name=name),
    }
    return str(told[status])


def send_test(session: Session, receiver: Receiver) -> Notice:
    """Write a notice that tells nothing but that notices arrive."""
    told = str(said("A test of the receiver {name}", name=repr(receiver.name)))
    return notify(session, receiver.id, TEST, receiver.id, told)


def notify(session: Session, receiver_id: str, type_: str, subject_id: str, told: str) -> Notice:
    """Write a notice, which is sent as soon as the transaction is over; ``told`` is for e-mail."""
    moment, time = now(), session.scalars(select(database_time())).one()
    iso = moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    notice = Notice(
        id=new_id(),
        receiver_id=receiver_id,
        type=type_,
        subject_id=subject_id,
        subject=told,
        body=json.dumps({"type": type_, "id": subject_id, "time": iso}),
        status=NoticeStatus.PENDING,
        tries=0,
        given_up_at=time + DAY_SECONDS,
        next_try_at=time,
        created_at=moment,
    )
    session.add(notice)
    session.flush()
    return notice


def _subscribe(
    session: Session,
    table: type[JobReceiver] | type[ScheduleReceiver],
    receiver_ids: Sequence[str],
    **subject: str,
) -> None:
    rows = [subject | {"receiver_id": one} for one in dict.fromkeys(receiver_ids)]
    if rows:
        session.execute(insert(table), rows)
