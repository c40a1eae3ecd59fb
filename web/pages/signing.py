"""Signing in, with a password or by a link that works once, and signing out."""

from collections.abc import Callable

from apiflask import APIBlueprint
from flask import Response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from shared.accounts.audit import Actor, Deed, note
from shared.accounts.models import User
from shared.accounts.queries import name_if_known
from shared.accounts.services import check_password, set_password, use_link, welcome
from shared.errors import TooManyRequests, UserError, WrongCredentials
from web.api.writing import write
from web.context import services
from web.limiting import count_sign_in
from web.noting import note_refusal
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
        return _begin(lambda session: _welcomed(session, user, password))
    except TooManyRequests as error:
        return _form(error), error.status, {"Retry-After": str(error.retry_seconds)}
    except WrongCredentials as error:
        with services().db.read() as session:
            note_refusal("signing.password", name=name_if_known(session, name))
        return _form(error), error.status


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
        note_refusal("signing.link")
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
    return _welcomed(session, user)


def _welcomed(session: Session, seen: User, password: str | None = None) -> User:
    user = welcome(session, seen, password)
    note(session, _actor(user), Deed("signing.in", user.id))
    return user


def _begin(welcomed: Callable[[Session], User]) -> Response:
    begin_session(write(welcomed))
    return redirect(safe_path(request.form.get("next", "")), 303)  # type: ignore[return-value]


def _actor(user: User) -> Actor:
    return Actor(user.name, user.id, address=request.remote_addr)


def _form(error: UserError | None = None) -> str:
    return render_template("sign_in.html", error=error, next=_next())


def _link_form(error: UserError | None = None) -> str:
    secret = request.form.get("secret") or request.args.get("secret", "")
    return render_template("sign_in_link.html", error=error, secret=secret, next=_next())


def _next() -> str:
    return safe_path(request.values.get("next", ""))
