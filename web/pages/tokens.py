"""One's own API tokens: a new one, shown once, and revoking one."""

from apiflask import APIBlueprint
from flask import flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from shared.accounts.granting import Grantor, grant
from shared.accounts.models import ApiToken, Team, User
from shared.accounts.queries import get_token, get_user
from shared.accounts.requests import TokenRequest
from shared.accounts.rights import ORDER, Right
from shared.accounts.tokens import revoke_token
from shared.db import now
from shared.errors import InvalidFields
from shared.said import said
from web.context import principal, services
from web.deeds import do
from web.messages import _, _l
from web.pages.forms import Choice, Form, fail, typed_values, validated
from web.pages.people import SCOPES
from web.pages.words import Words
from web.principals import right_in

tokens = APIBlueprint("tokens", __name__, url_prefix="/account/tokens", enable_openapi=False)

LIVES: Words = {
    "7": _l("in 7 days"),
    "30": _l("in 30 days"),
    "90": _l("in 90 days"),
    "365": _l("in a year"),
    "": _l("never"),
}
STANDARD = {"scope": Right.READ, "expires_in_days": "90"}


@tokens.get("/new")
def new() -> ResponseReturnValue:
    """Show the form of a new token."""
    return _form(Form(TokenRequest, {"team": principal().team_id or ""} | STANDARD))


@tokens.post("/new")
def create() -> ResponseReturnValue:
    """Make a token and show its secret, this once; or show the form again."""
    form = Form(TokenRequest, typed_values())
    try:
        token, secret = do("tokens.add", lambda session: _make(session, form))
    except InvalidFields as error:
        fail(form, error)
        return _form(form), error.status
    made = render_template("token_made.html", name=token.name, given=secret)
    return made, 201, {"Cache-Control": "no-store"}


@tokens.post("/<token_id>/revoke")
def revoke(token_id: str) -> ResponseReturnValue:
    """Make one of one's own tokens of no use."""
    me = principal().user_id or ""
    token = do("tokens.revoke", lambda session: _revoke(session, me, token_id), token_id)
    flash(_("%(name)s is revoked: it no longer works.", name=token.name))
    return redirect(url_for("pages.account.show", _anchor="tokens"), 303)


def live_first(tokens: list[ApiToken]) -> list[tuple[ApiToken, bool]]:
    """Return tokens, each with whether it is over: those that work first, the newest first."""
    told = [(token, is_over(token)) for token in tokens]
    return sorted(told, key=lambda each: (each[1], -each[0].created_at.timestamp()))


def is_over(token: ApiToken) -> bool:
    """Tell whether a token no longer works: it was revoked, or is too old."""
    return token.revoked_at is not None or (
        token.expires_at is not None and token.expires_at <= now()
    )


def _make(session: Session, form: Form) -> tuple[ApiToken, str]:
    user = get_user(session, principal().user_id or "")
    team = next((team for team in _teams(user) if team.id == form.value("team")), None)
    right = right_in(user, team.id) if team else None
    if team is None or right is None:
        raise InvalidFields.one("team", said("this is none of your teams"), None, "")
    return grant(session, Grantor(user.id, team.id, right), validated(TokenRequest, form.typed))


def _revoke(session: Session, user_id: str, token_id: str) -> ApiToken:
    token = get_token(session, user_id, token_id)
    revoke_token(session, token)
    return token


def _teams(user: User) -> list[Team]:
    """Return in which teams a user's token may act; of an administrator's also the present one."""
    found = {row.team_id: row.team for row in user.memberships}
    here = principal()
    if user.admin and here.team_id and here.team_id not in found:
        found[here.team_id] = Team(id=here.team_id, name=here.team_name)
    return sorted(found.values(), key=lambda team: team.name)


def _form(form: Form) -> str:
    with services().db.read() as session:
        user = get_user(session, principal().user_id or "")
        teams = _teams(user)
        most = [right_in(user, team.id) for team in teams]
    allowed = [right for right in ORDER if any(had and had.includes(right) for had in most)]
    return render_template(
        "token_new.html",
        form=form,
        teams=[Choice(team.id, team.name) for team in teams],
        scopes=[Choice(right, str(SCOPES[right])) for right in allowed],
        lives=[Choice(life, str(text)) for life, text in LIVES.items()],
    )
