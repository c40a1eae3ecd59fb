"""Users, as administrators see them: added, disabled, given links and teams; their tokens."""

from typing import Any

from apiflask import APIBlueprint
from flask import flash, redirect, render_template, request, url_for
from flask import session as kept
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from shared.accounts import services as moves
from shared.accounts.models import Membership, User
from shared.accounts.queries import (
    get_team,
    get_token,
    get_user,
    list_teams,
    list_tokens,
    list_users,
)
from shared.accounts.requests import UserRequest
from shared.accounts.rights import Role
from shared.accounts.teams import remove_member, set_role
from shared.accounts.tokens import revoke_token
from shared.errors import InvalidFields, LastOfItsKind, UserError
from shared.pages import MAX_LIMIT
from shared.said import said
from web.context import services
from web.deeds import do
from web.messages import _, _l
from web.pages.forms import Choice, Form, fail, typed_values, validated
from web.pages.paging import asked_after
from web.pages.people import asked_role, role_choices
from web.pages.tokens import live_first
from web.pages.words import Words

users = APIBlueprint("users", __name__, url_prefix="/administration/users", enable_openapi=False)

PAGE = 50
# Where the session of who made a sign-in link keeps it until it is shown.
LINK = "sign_in_link"
CHANGES: dict[str, dict[str, Any]] = {
    "disable": {"disabled": True},
    "enable": {"disabled": False},
    "promote": {"admin": True},
    "demote": {"admin": False},
}
CHANGED: Words = {
    "disable": _l("%s is disabled: signed out everywhere, and no token works."),
    "enable": _l("%s is enabled."),
    "promote": _l("%s is an administrator now."),
    "demote": _l("%s is no administrator any more."),
}


@users.get("")
def index() -> ResponseReturnValue:
    """List the users, oldest first."""
    after = asked_after()
    with services().db.read() as session:
        page = list_users(session, after=after, limit=PAGE)
    return render_template("users.html", page=page, after=after)


@users.get("/new")
def new() -> ResponseReturnValue:
    """Show the form of a new user."""
    given = {"name": request.args.get("name", ""), "team": request.args.get("team", "")}
    return _form(Form(UserRequest, given | {"role": Role.MEMBER}))


@users.post("/new")
def create() -> ResponseReturnValue:
    """Add a user and lead to the sign-in link; or show the form again."""
    form = Form(UserRequest, typed_values())
    try:
        name = form.value("name")
        user, secret = do("users.add", lambda session: _add(session, form), name=name)
    except UserError as error:
        fail(form, error)
        return _form(form), error.status
    return _to_link(user, secret)


@users.get("/<user_id>")
def show(user_id: str) -> ResponseReturnValue:
    """Show a user; or first, and once, the sign-in link that was just made."""
    made_for, secret = kept.get(LINK) or ("", "")
    if made_for != user_id:
        return _page(user_id)
    del kept[LINK]
    with services().db.read() as session:
        user = get_user(session, user_id)
    return _link_page(user, secret), {"Cache-Control": "no-store"}


@users.post("/<user_id>/<any(disable, enable, promote, demote):change>")
def change(user_id: str, change: str) -> ResponseReturnValue:
    """Disable or enable a user, make an administrator or none."""
    told = CHANGES[change]
    try:
        user = do(f"users.{change}", lambda s: _changed(s, user_id, change), user_id, **told)
    except LastOfItsKind as error:
        return _page(user_id, error), error.status
    flash(str(CHANGED[change]) % user.name)
    return redirect(url_for(".show", user_id=user_id), 303)


@users.post("/<user_id>/link")
def link(user_id: str) -> ResponseReturnValue:
    """Make a sign-in link and lead to it."""
    user, secret = do("users.link", lambda session: _linked(session, user_id), user_id)
    return _to_link(user, secret)


@users.post("/<user_id>/sign-out")
def sign_out(user_id: str) -> ResponseReturnValue:
    """End all sessions of a user."""
    do("users.sign_out", lambda s: moves.sign_out_everywhere(s, get_user(s, user_id)), user_id)
    flash(_("All sessions of this user have ended."))
    return redirect(url_for(".show", user_id=user_id), 303)


@users.post("/<user_id>/tokens/<token_id>/revoke")
def revoke(user_id: str, token_id: str) -> ResponseReturnValue:
    """Make a user's token of no use."""
    do("tokens.revoke", lambda s: revoke_token(s, get_token(s, user_id, token_id)), token_id)
    flash(_("The token is revoked: it no longer works."))
    return redirect(url_for(".show", user_id=user_id, _anchor="tokens"), 303)


@users.post("/<user_id>/teams")
def set_team(user_id: str) -> ResponseReturnValue:
    """Put a user into a team, or change the role there."""
    try:
        do("members.role", lambda session: _placed(session, user_id), user_id, **_place())
    except InvalidFields as error:
        return _page(user_id, error), error.status
    flash(_("The user's teams are changed."))
    return redirect(url_for(".show", user_id=user_id, _anchor="teams"), 303)


@users.post("/<user_id>/teams/<team_id>/remove")
def leave_team(user_id: str, team_id: str) -> ResponseReturnValue:
    """Take a user out of a team."""
    do("members.remove", lambda session: remove_member(session, team_id, user_id), user_id)
    flash(_("The user's teams are changed."))
    return redirect(url_for(".show", user_id=user_id, _anchor="teams"), 303)


def _add(session: Session, form: Form) -> tuple[User, str]:
    body = validated(UserRequest, form.typed)
    user = moves.add_user(session, body.name, email=body.email, admin=body.admin)
    if team_id := form.value("team"):
        set_role(session, get_team(session, team_id).id, user, asked_role(form.value("role")))
    return user, moves.make_link(session, user)


def _changed(session: Session, user_id: str, change: str) -> User:
    user = get_user(session, user_id)
    moves.change_user(session, user, **CHANGES[change])
    return user


def _linked(session: Session, user_id: str) -> tuple[User, str]:
    user = get_user(session, user_id)
    return user, moves.make_link(session, user)


def _place() -> dict[str, str]:
    return {name: request.form.get(name, "") for name in ("team", "role")}


def _placed(session: Session, user_id: str) -> Membership:
    place = _place()
    if not place["team"]:
        raise InvalidFields(said("choose a team first"))
    team = get_team(session, place["team"])
    return set_role(session, team.id, get_user(session, user_id), asked_role(place["role"]))


def _form(form: Form) -> str:
    return render_template("user_new.html", form=form, teams=_team_choices(), roles=role_choices())


def _to_link(user: User, secret: str) -> ResponseReturnValue:
    """Lead to the page that shows a link once: loaded again, it makes and adds nothing anew."""
    kept[LINK] = [user.id, secret]
    return redirect(url_for(".show", user_id=user.id), 303)


def _link_page(user: User, secret: str) -> str:
    outside = (services().settings.public_url or request.host_url).rstrip("/")
    address = outside + url_for("pages.signing.show", secret=secret)
    return render_template("user_link.html", user=user, address=address, hours=moves.LINK_HOURS)


def _page(user_id: str, error: UserError | None = None) -> str:
    with services().db.read() as session:
        user = get_user(session, user_id)
        tokens = live_first(list_tokens(session, user.id, limit=MAX_LIMIT).data)
    shown: dict[str, Any] = {"teams": _team_choices(), "roles": role_choices()}
    return render_template("user.html", user=user, tokens=tokens, error=error, **shown)


def _team_choices() -> list[Choice]:
    with services().db.read() as session:
        return [Choice(team.id, team.name) for team in list_teams(session, limit=MAX_LIMIT).data]
