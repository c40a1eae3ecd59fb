"""Signing in through the provider, and tying it to the account of who is signed in."""

from apiflask import APIBlueprint
from flask import Response, flash, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from shared.accounts.arriving import Person, check_domain, let_in, tie, untie
from shared.accounts.audit import Actor, Deed, note
from shared.accounts.models import User
from shared.accounts.queries import get_user
from shared.accounts.services import check_password, welcome
from shared.errors import (
    CharloomError,
    Forbidden,
    NotFound,
    ProviderFailed,
    TooManyRequests,
    UserError,
    WrongCredentials,
)
from shared.said import said
from web.api.writing import write
from web.context import principal, services
from web.limiting import count_sign_in
from web.messages import _
from web.noting import note_refusal
from web.pages.preferences import safe_path
from web.provider import begin, finish, provider_client
from web.signed_in import begin_session, current_session_user

provider = APIBlueprint("provider", __name__, enable_openapi=False)

ACCOUNT = "/account/provider"


@provider.get("/sign-in/provider")
def start() -> ResponseReturnValue:
    """Send the browser to the provider."""
    wanted = safe_path(request.args.get("next", ""))
    try:
        url = begin(_back(), next=wanted)
    except ProviderFailed as error:
        return _form(error, wanted)
    return _uncached(redirect(url, 303))  # type: ignore[arg-type]


@provider.get("/sign-in/provider/back")
def back() -> ResponseReturnValue:
    """Take whom the provider sends: sign them in, or tie them to who is signed in."""
    try:
        person, kept = finish()
        if "tied" in kept:
            return _tied(person, kept["tied"])
        return _enter(person, safe_path(kept.get("next", "")))
    except (UserError, ProviderFailed) as error:
        if isinstance(error, NotFound):
            raise
        return _form(error, "/")


@provider.get(ACCOUNT)
def account() -> ResponseReturnValue:
    """Show whether the account is tied to the provider."""
    return _account()


@provider.post(ACCOUNT)
def link() -> ResponseReturnValue:
    """Begin to tie the account: whoever finds a browser open shall not keep a way in."""
    provider_client()
    try:
        _confirm(_own())
        url = begin(_back(), tied=str(principal().user_id))
    except (WrongCredentials, TooManyRequests, ProviderFailed) as error:
        return _account(error), error.status
    # Not a redirect: of a form's redirects the policy allows none to another host.
    page = make_response(render_template("account_provider_go.html", url=url))
    page.headers["Refresh"] = f"0; url={url}"
    return _uncached(page)


@provider.post(f"{ACCOUNT}/remove")
def unlink() -> ResponseReturnValue:
    """Untie the account."""
    provider_client()
    try:
        _confirm(_own())
        if _own().password_hash is None:
            raise WrongCredentials(said("set a password first: you would have no way in"))
    except (WrongCredentials, TooManyRequests) as error:
        return _account(error), error.status
    write(_untied)
    flash(_("You no longer sign in through the provider."))
    return redirect(url_for("pages.provider.account"), 303)


def _enter(person: Person, wanted: str) -> Response:
    try:
        user = write(lambda session: _welcomed(session, person))
    except UserError as error:
        note_refusal("signing.provider", name=person.name[:100], subject=person.subject,
                     code=error.code)  # fmt: skip
        raise
    begin_session(user)
    return _uncached(redirect(wanted, 303))  # type: ignore[arg-type]


def _welcomed(session: Session, person: Person) -> User:
    admitted = let_in(session, person, provider_client().provider)
    user = welcome(session, admitted)
    actor = Actor(user.name, user.id, address=request.remote_addr)
    note(session, actor, Deed("signing.provider", user.id))
    return user


def _tied(person: Person, user_id: str) -> ResponseReturnValue:
    user = current_session_user()
    if user is None or user.id != user_id:
        raise WrongCredentials(said("sign in first"))
    try:
        check_domain(person, provider_client().provider)
        write(lambda session: _tie(session, user_id, person))
    except UserError as error:
        return _account(error), error.status
    flash(_("From now on you can sign in through the provider, too."))
    return redirect(url_for("pages.provider.account"), 303)


def _tie(session: Session, user_id: str, person: Person) -> None:
    user = get_user(session, user_id)
    tie(session, user, person)
    actor = Actor(user.name, user.id, address=request.remote_addr)
    note(session, actor, Deed("account.tie", user.id, details={"subject": person.subject}))


def _untied(session: Session) -> None:
    user = get_user(session, str(principal().user_id))
    untie(session, user)
    note(session, principal().actor(request.remote_addr), Deed("account.untie", user.id))


def _own() -> User:
    """Return who is signed in."""
    user = current_session_user()
    if user is None:
        raise Forbidden
    return user


def _confirm(user: User) -> None:
    """Have who has a password type it. Raises ``WrongCredentials``, ``TooManyRequests``."""
    if user.password_hash is not None:
        count_sign_in(user.name)
        with services().db.read() as reading:
            check_password(reading, user.name, request.form.get("password", ""))


def _back() -> str:
    """Return the address to which the provider sends back, as it is registered there."""
    path = url_for("pages.provider.back")
    public = services().settings.public_url
    return public.rstrip("/") + path if public else url_for("pages.provider.back", _external=True)


def _form(error: CharloomError, wanted: str) -> ResponseReturnValue:
    return render_template("sign_in.html", error=error, next=wanted), error.status


def _account(error: CharloomError | None = None) -> str:
    user = _own()
    return render_template("account_provider.html", error=error, user=user)


def _uncached(response: Response) -> Response:
    response.headers["Cache-Control"] = "no-store"
    return response
