"""Signing in, with a password or by a link that works once, and signing out."""

from collections.abc import Callable

from apiflask import APIBlueprint
from flask import Response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from shared.accounts.audit import NOBODY, REFUSED, Actor, Deed, note
from shared.accounts.models import User
from shared.accounts.queries import get_user
from shared.accounts.services import check_password, set_password, signed_in, use_link
from shared.errors import TooManyRequests, UserError, WrongCredentials
from web.api.writing import write
from web.context import services
from web.limiting import count_sign_in
from web.pages.preferences import safe_path
from web.signed_in import begin_session, end_session

signing = APIBlueprint("signing", __name__, url_prefix="/sign-in", enable_openapi=False)


@signing.get("")
def new() -> ResponseReturnValue:
    """Show the form."""
    return _form()


@signing.post("")
def enter() -> ResponseReturnValue:
    """Sign in with a name and a password."""
    name, password = request.form.get("name", ""), request.form.get("password", "")
    try:
        count_sign_in(name)
        with services().db.read() as session:
            user = check_password(session, name, password)
    except TooManyRequests as error:
        return _form(error), error.status, {"Retry-After": str(error.retry_seconds)}
    except WrongCredentials as error:
        _note_refusal("signing.password", name)
        return _form(error), error.status
    return _begin(lambda session: _welcomed(session, user.id, password))


@signing.get("/link")
def show() -> ResponseReturnValue:
    """Show what a sign-in link does: programs that look at links shall not use it up."""
    return _link_form()


@signing.post("/link")
def use() -> ResponseReturnValue:
    """Sign in by a link, and set a password if one was typed."""
    try:
        return _begin(_by_link)
    except UserError as error:
        _note_refusal("signing.link", "")
        return _link_form(error), error.status


@signing.post("/out")
def leave() -> ResponseReturnValue:
    """Sign out in this browser."""
    end_session()
    return redirect(url_for("pages.signing.new"), 303)


def _by_link(session: Session) -> User:
    user = use_link(session, request.form.get("secret", ""))
    if password := request.form.get("password", ""):
        set_password(session, user, password)
    return _welcomed(session, user.id, None)


def _welcomed(session: Session, user_id: str, password: str | None) -> User:
    signed_in(session, user_id, password)
    user = get_user(session, user_id)
    note(session, _actor(user.name, user.id), Deed("signing.in", user.id))
    return user


def _begin(welcome: Callable[[Session], User]) -> Response:
    begin_session(write(welcome))
    return redirect(safe_path(request.form.get("next", "")), 303)  # type: ignore[return-value]


def _note_refusal(action: str, name: str) -> None:
    deed = Deed(action, outcome=REFUSED, details={"name": name[:100]})
    write(lambda session: note(session, _actor(NOBODY.name), deed))


def _actor(name: str, user_id: str | None = None) -> Actor:
    return Actor(name, user_id, address=request.remote_addr)


def _form(error: UserError | None = None) -> str:
    return render_template("sign_in.html", error=error, next=_next())


def _link_form(error: UserError | None = None) -> str:
    secret = request.form.get("secret") or request.args.get("secret", "")
    return render_template("sign_in_link.html", error=error, secret=secret, next=_next())


def _next() -> str:
    return safe_path(request.values.get("next", ""))
