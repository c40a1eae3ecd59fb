"""One's own account: who one is, the teams, the password, and signing out everywhere."""

from apiflask import APIBlueprint
from flask import flash, redirect, render_template, request, url_for
from flask import session as browser
from flask.typing import ResponseReturnValue
from pydantic import BaseModel
from sqlalchemy.orm import Session

from shared.accounts import services as moves
from shared.accounts.models import Team, User
from shared.accounts.passwords import hash_password, matches
from shared.accounts.queries import get_team, get_user, list_tokens
from shared.errors import InvalidFields, NotFound
from shared.pages import MAX_LIMIT
from shared.said import said
from web.access import TEAM
from web.context import principal, services
from web.deeds import do
from web.limiting import count_sign_in
from web.messages import _
from web.noting import note_refusal
from web.pages.forms import Form, attempt, typed_values
from web.pages.people import my_teams
from web.pages.preferences import safe_path
from web.pages.tokens import live_first
from web.signed_in import begin_session, came_by_link, end_session

account = APIBlueprint("account", __name__, url_prefix="/account", enable_openapi=False)


@account.get("")
def show() -> ResponseReturnValue:
    """Show one's own account."""
    return _page(Form(BaseModel))


@account.post("/password")
def change_password() -> ResponseReturnValue:
    """Set a password; this browser stays signed in, all others do not."""
    form = Form(BaseModel, typed_values())
    changed, status = attempt(form, lambda: _change_password(form))
    if changed is None:
        return _page(form), status
    flash(_("The password is changed. Other browsers are signed out."))
    return redirect(url_for(".show"), 303)


@account.post("/sign-out-everywhere")
def sign_out_everywhere() -> ResponseReturnValue:
    """End all of one's sessions, this one too."""
    do(
        "account.sign_out_everywhere",
        lambda session: moves.sign_out_everywhere(session, _me(session)),
    )
    end_session()
    flash(_("You are signed out in all browsers. Tokens go on working until they are revoked."))
    return redirect(url_for("pages.signing.new"), 303)


@account.post("/team")
def switch() -> ResponseReturnValue:
    """Act in another of one's teams; administrators in any."""
    browser[TEAM] = _team(request.form.get("team", "")).id
    return redirect(safe_path(request.form.get("back", "")), 303)


def _team(team_id: str) -> Team:
    """Return a team that the visitor may act in. Raises ``NotFound`` for all others."""
    mine = {row.team_id: row.team for row in my_teams()}
    if team_id in mine:
        return mine[team_id]
    if not principal().admin:
        raise NotFound(said("there is no team {name}", name=team_id))
    with services().db.read() as session:
        return get_team(session, team_id)


def _change_password(form: Form) -> str:
    if asks_for_old():
        # Who found a browser open shall guess no faster here than who signs in.
        count_sign_in(principal().name)
        if not matches(_password_hash(), form.value("old_password")):
            note_refusal("account.password")
            raise InvalidFields.one("old_password", said("this is not your password"), None, "")
    # Before anything is locked: it takes a while.
    hashed = hash_password(form.value("password"), principal().name)
    user = do("account.password", lambda session: _changed(session, hashed))
    begin_session(user)
    return user.id


def asks_for_old() -> bool:
    """Tell whether the present password is asked for: not of who has none, or came by a link.

    Links are for those who have forgotten it.
    """
    return not came_by_link() and _password_hash() is not None


def _password_hash() -> str | None:
    with services().db.read() as session:
        return _me(session).password_hash


def _changed(session: Session, password_hash: str) -> User:
    user = _me(session)
    moves.set_hash(session, user, password_hash)
    return user


def _me(session: Session) -> User:
    return get_user(session, principal().user_id or "")


def _page(form: Form) -> str:
    with services().db.read() as session:
        user = _me(session)
        tokens = live_first(list_tokens(session, user.id, limit=MAX_LIMIT).data)
    asks = asks_for_old()
    return render_template("account.html", form=form, user=user, tokens=tokens, asks=asks)
