"""Signing in, with a password or by a link that works once, and signing out."""

from collections.abc import Callable

from apiflask import APIBlueprint
from flask import Response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from pydantic import BaseModel
from sqlalchemy.orm import Session

from shared.accounts.audit import Actor, Deed, note
from shared.accounts.models import User
from shared.accounts.passwords import hash_password
from shared.accounts.queries import name_if_known, user_of_link
from shared.accounts.services import (
    LINK_GONE,
    check_password,
    set_hash,
    use_link,
    welcome,
)
from shared.errors import TooManyRequests, UserError, WrongCredentials
from web.access import by_session
from web.api.writing import write
from web.context import services
from web.limiting import count_sign_in
from web.noting import note_refusal
from web.pages.forms import Form, fail
from web.pages.preferences import safe_path
from web.signed_in import begin_session, end_session, remember_link

signing = APIBlueprint("signing", __name__, url_prefix="/sign-in", enable_openapi=False)

OK, GONE = 200, 410


@signing.get("")
def new() -> ResponseReturnValue:
    """Show the form; who is signed in goes on at once."""
    if by_session() is not None:
        return redirect(_next(), 303)
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
    return _link_form(Form(BaseModel), OK)


@signing.post("/link")
def use() -> ResponseReturnValue:
    """Sign in by a link, and set a password if one was typed."""
    try:
        response = _begin(_by_link(_new_hash()))
        remember_link()
        return response
    except UserError as error:
        note_refusal("signing.link")
        form = Form(BaseModel)
        fail(form, error)
        return _link_form(form, error.status)


@signing.post("/out")
def leave() -> ResponseReturnValue:
    """Sign out in this browser."""
    end_session()
    return redirect(url_for("pages.signing.new"), 303)


def _by_link(password_hash: str | None) -> Callable[[Session], User]:
    """Return what signs in by a link, and sets a password whose hash is given."""

    def welcomed(session: Session) -> User:
        user = use_link(session, request.form.get("secret", ""))
        if password_hash is not None:
            set_hash(session, user, password_hash)
        return _welcomed(session, user)

    return welcomed


def _new_hash() -> str | None:
    """Return the hash of the password that was typed, before anything is locked; or None.

    Raises ``InvalidFields``. Where the link is dead, there is nothing to hash.
    """
    password = request.form.get("password", "")
    with services().db.read() as session:
        user = user_of_link(session, request.form.get("secret", ""))
    return hash_password(password, user.name) if password and user else None


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
    name = request.form.get("name", "")[:100]
    return render_template("sign_in.html", error=error, name=name, next=_next())


def _link_form(form: Form, status: int) -> ResponseReturnValue:
    secret = request.form.get("secret") or request.args.get("secret", "")
    with services().db.read() as session:
        user = user_of_link(session, secret)
    if user is None:
        fail(form, WrongCredentials(LINK_GONE))
        status = GONE if status == OK else status
    shown = {"form": form, "user": user, "secret": secret, "next": _next()}
    return render_template("sign_in_link.html", **shown), status


def _next() -> str:
    return safe_path(request.values.get("next", ""))
