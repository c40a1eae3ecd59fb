"""Receivers of notices: the list, a new one, one with what it was told."""

from apiflask import APIBlueprint
from flask import flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from shared.notices import services as moves
from shared.notices.models import Receiver
from shared.notices.queries import deliveries_of, get_receiver, list_notices, list_receivers
from shared.notices.requests import ReceiverRequest
from web.api.writing import write
from web.context import services, team_id
from web.messages import _
from web.pages.forms import Form, attempt, typed_values, validated
from web.pages.paging import asked_after

receivers = APIBlueprint("receivers", __name__, url_prefix="/receivers", enable_openapi=False)

PAGE = 50


@receivers.get("")
def index() -> ResponseReturnValue:
    """List the receivers, oldest first."""
    after = asked_after()
    with services().db.read() as session:
        page = list_receivers(session, team_id(), after=after, limit=PAGE)
    return render_template("receivers.html", page=page, after=after)


@receivers.get("/new")
def new() -> ResponseReturnValue:
    """Show the form of a new receiver."""
    return _form(Form(ReceiverRequest))


@receivers.post("/new")
def create() -> ResponseReturnValue:
    """Add a receiver and show its secret, this once; or show the form again."""
    form = Form(ReceiverRequest, typed_values())
    made, status = attempt(form, lambda: _add(form))
    if made is None:
        return _form(form), status
    with services().db.read() as session:
        receiver = get_receiver(session, team_id(), made)
    return render_template("receiver_added.html", receiver=receiver), 201


@receivers.get("/<receiver_id>")
def show(receiver_id: str) -> ResponseReturnValue:
    """Show a receiver and what it was told, newest first."""
    after = asked_after()
    with services().db.read() as session:
        receiver = get_receiver(session, team_id(), receiver_id)
        page = list_notices(session, receiver.id, after=after, limit=PAGE, newest_first=True)
        tries = deliveries_of(session, page.data)
    return render_template("receiver.html", receiver=receiver, page=page, tries=tries, after=after)


@receivers.post("/<receiver_id>/test")
def test(receiver_id: str) -> ResponseReturnValue:
    """Send a notice that tells nothing but that notices arrive."""
    write(lambda session: moves.send_test(session, get_receiver(session, team_id(), receiver_id)))
    flash(_("A test notice is on its way. Reload the page to see what came of it."))
    return redirect(url_for(".show", receiver_id=receiver_id), 303)


@receivers.post("/<receiver_id>/delete")
def delete(receiver_id: str) -> ResponseReturnValue:
    """Delete a receiver."""
    name = _receiver(receiver_id).name
    write(lambda session: moves.delete_receiver(session, team_id(), receiver_id))
    flash(_("%(name)s is deleted.", name=name))
    return redirect(url_for(".index"), 303)


def _add(form: Form) -> str:
    body = validated(ReceiverRequest, form.typed)
    body.check(services().settings)
    address = {"url": body.url, "email": body.email}
    made = write(lambda s: moves.add_receiver(s, team_id(), body.name, **address))
    return str(made.id)


def _form(form: Form) -> str:
    mail = services().settings.mail_server() is not None
    return render_template("receiver_new.html", form=form, mail=mail)


def _receiver(receiver_id: str) -> Receiver:
    with services().db.read() as session:
        return get_receiver(session, team_id(), receiver_id)
