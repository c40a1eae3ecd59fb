"""Receivers of notices: add, list, test, delete, and what they were told."""

from datetime import datetime
from typing import Literal, Self

from apiflask import APIBlueprint
from flask import url_for
from pydantic import Field
from sqlalchemy.orm import Session

from shared.notices import models as rows
from shared.notices import services
from shared.notices.queries import deliveries_of, get_receiver, list_notices, list_receivers
from shared.notices.requests import ReceiverRequest
from shared.pages import Page
from web import context
from web.addressing import shown_address
from web.api.inputs import PageQuery, takes
from web.api.schemas import Answer, Listed, row_fields
from web.api.writing import write

receivers = APIBlueprint("receivers", __name__, url_prefix="/api/v1/receivers", tag="Receivers")


class Receiver(Answer):
    """Where notices go."""

    id: str
    name: str
    url: str | None = Field(description="To managers whole; to others its host.")
    email: str | None
    created_at: datetime
    links: dict[str, str]

    @classmethod
    def of(cls, row: rows.Receiver) -> Self:
        """Return a receiver as it is told."""
        links = {
            "self": url_for("receivers.show", receiver_id=row.id),
            "notices": url_for("receivers.notices", receiver_id=row.id),
        }
        told = row_fields(row, cls, "links") | {"url": shown_address(row.url)}
        return cls(**told, links=links)


class NewReceiver(Receiver):
    """A receiver with its secret, which is told this once."""

    secret: str | None = Field(description="Signs what is posted; null for e-mail.")


class ReceiverPage(Listed):
    """Receivers, oldest first."""

    data: list[Receiver]


class Delivery(Answer):
    """One try to send a notice."""

    number: int
    status_code: int | None = Field(description="HTTP's or SMTP's; null where nobody answered.")
    error: str | None = Field(description="Null where the notice was taken.")
    seconds: float
    created_at: datetime


class Notice(Answer):
    """One message to a receiver."""

    id: str = Field(description="The same over all tries: the header webhook-id.")
    receiver_id: str
    type: str
    subject_id: str
    status: Literal["pending", "delivered", "failed"]
    created_at: datetime
    ended_at: datetime | None
    deliveries: list[Delivery]

    @classmethod
    def of(cls, row: rows.Notice, deliveries: list[rows.Delivery]) -> Self:
        """Return a notice with its tries."""
        tries = [Delivery.model_validate(delivery) for delivery in deliveries]
        return cls(**row_fields(row, cls, "deliveries"), deliveries=tries)


class NoticePage(Listed):
    """Notices, oldest first."""

    data: list[Notice]

    @classmethod
    def of(cls, session: Session, found: Page[rows.Notice]) -> Self:
        """Return a page of notices with their tries."""
        tries = deliveries_of(session, found.data)
        data = [Notice.of(row, tries[row.id]) for row in found.data]
        return cls(data=data, has_more=found.has_more)


@receivers.post("")
@takes(receivers, ReceiverRequest)
@receivers.output(NewReceiver, 201)
def add(body: ReceiverRequest) -> tuple[NewReceiver, int, dict[str, str]]:
    """Add a receiver; the secret of a URL is told in this answer alone.

    It is told of the ends of jobs and of what came of schedules that name it in `notify`. What is
    posted to a URL is signed with the secret (Standard Webhooks).
    """
    body.check(context.services().settings)

    def work(session: Session) -> NewReceiver:
        team_id, address = context.team_id(), {"url": body.url, "email": body.email}
        return NewReceiver.of(services.add_receiver(session, team_id, body.name, **address))

    made = write(work)
    return made, 201, {"Location": made.links["self"]}


@receivers.get("")
@takes(receivers, PageQuery, "query")
@receivers.output(ReceiverPage)
def index(query: PageQuery) -> ReceiverPage:
    """List the receivers, oldest first.

    Without their secrets.
    """
    with context.services().db.read() as session:
        found = list_receivers(session, context.team_id(), after=query.after, limit=query.limit)
        return ReceiverPage(data=[Receiver.of(r) for r in found.data], has_more=found.has_more)


@receivers.get("/<receiver_id>")
@receivers.output(Receiver)
def show(receiver_id: str) -> Receiver:
    """Show a receiver.

    Without its secret, which only the answer to its making told.
    """
    with context.services().db.read() as session:
        return Receiver.of(get_receiver(session, context.team_id(), receiver_id))


@receivers.delete("/<receiver_id>")
@receivers.doc(responses={204: "Deleted"})
def delete(receiver_id: str) -> tuple[str, int]:
    """Delete a receiver and the log of what it was told; nobody tells it anything more.

    Jobs and schedules that name it go on without it.
    """
    write(lambda session: services.delete_receiver(session, context.team_id(), receiver_id))
    return "", 204


@receivers.post("/<receiver_id>/test")
@receivers.output(Notice, 202)
@receivers.doc(extensions={"x-location": False})
def test(receiver_id: str) -> tuple[Notice, int]:
    """Send a notice of type `test`.

    It is sent soon; what became of it stands among the notices.
    """

    def work(session: Session) -> Notice:
        receiver = get_receiver(session, context.team_id(), receiver_id)
        return Notice.of(services.send_test(session, receiver), [])

    return write(work), 202


@receivers.get("/<receiver_id>/notices")
@takes(receivers, PageQuery, "query")
@receivers.output(NoticePage)
def notices(receiver_id: str, query: PageQuery) -> NoticePage:
    """List what a receiver was told with each try to do so, oldest first.

    A try that failed is made again, later and later, for some days.
    """
    with context.services().db.read() as session:
        get_receiver(session, context.team_id(), receiver_id)
        page = list_notices(session, receiver_id, after=query.after, limit=query.limit)
        return NoticePage.of(session, page)
