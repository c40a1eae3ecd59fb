"""The team in which one acts: its members, and what was done in it."""

from typing import Any

from apiflask import APIBlueprint
from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from pydantic import BaseModel
from sqlalchemy.orm import Session

from shared.accounts.models import Membership
from shared.accounts.queries import get_user, list_members
from shared.accounts.rights import Role
from shared.accounts.teams import remove_member, set_role
from shared.errors import InvalidFields, NotFound, Taken, UserError
from shared.said import said
from web.context import principal, services, team_id
from web.deeds import do
from web.messages import _
from web.pages.audit import entries
from web.pages.forms import Form, fail, typed_values
from web.pages.limits import rows_of
from web.pages.people import asked_role, role_choices

team = APIBlueprint("team", __name__, url_prefix="/team", enable_openapi=False)

STANDARD = {"role": Role.MEMBER}


@team.get("")
def show() -> ResponseReturnValue:
    """Show who is in the team, and as what."""
    return _page(Form(BaseModel, STANDARD))


@team.post("/members")
def add() -> ResponseReturnValue:
    """Add a user to the team, by name."""
    form = Form(BaseModel, typed_values())
    try:
        name = do("members.add", lambda session: _add(session, form), name=form.value("name"))
    except UserError as error:
        fail(form, error)
        return _page(form), error.status
    flash(_("%(name)s is in the team now.", name=name))
    return redirect(url_for(".show"), 303)


@team.post("/members/<user_id>/role")
def change(user_id: str) -> ResponseReturnValue:
    """Make a member something else."""
    role = asked_role(request.form.get("role", ""))
    if role != Role.MANAGER and (asked := _asked(user_id, role)):
        return asked
    name = do("members.role", lambda session: _changed(session, user_id, role), user_id, role=role)
    flash(_("%(name)s is changed.", name=name))
    return redirect(url_for(".show"), 303)


@team.post("/members/<user_id>/remove")
def remove(user_id: str) -> ResponseReturnValue:
    """Take a member out of the team."""
    if asked := _asked(user_id):
        return asked
    name = do("members.remove", lambda session: _removed(session, user_id), user_id)
    flash(_("%(name)s is no longer in the team.", name=name))
    return redirect(url_for(".show"), 303)


@team.post("/leave")
def leave() -> ResponseReturnValue:
    """Go out of the team oneself."""
    me, name = principal().user_id or "", principal().team_name
    do("members.leave", lambda session: _removed(session, me), me)
    flash(_("You have left %(team)s.", team=name))
    return redirect("/", 303)


@team.get("/audit")
def audit() -> ResponseReturnValue:
    """Show what was done in the team, newest first."""
    return render_template("team_audit.html", **entries(team_id()))


def _add(session: Session, form: Form) -> str:
    role = asked_role(form.value("role"))
    if not (name := form.value("name").strip()):
        raise InvalidFields.one("name", said("a name is missing"), "", "")
    try:
        user = get_user(session, name)
    except NotFound as error:
        raise InvalidFields.one("name", error.args[0], name, "") from error
    if any(row.user_id == user.id for row in list_members(session, team_id())):
        raise Taken(said("{name} is in the team already", name=user.name))
    set_role(session, team_id(), user, role)
    return user.name


def _changed(session: Session, user_id: str, role: Role) -> str:
    user = _member(session, user_id).user
    set_role(session, team_id(), user, role)
    return user.name


def _removed(session: Session, user_id: str) -> str:
    name = _member(session, user_id).user.name
    remove_member(session, team_id(), user_id)
    return name


def _asked(user_id: str, role: Role | None = None) -> str | None:
    """Return the page that asks whether a manager shall be none any more, or None.

    It is asked of oneself and of the last manager, until one is sure. No ``role``: out of the team.
    """
    with services().db.read() as session:
        member = _member(session, user_id)
        last = _managers_besides(session, user_id) == 0
    mine = user_id == principal().user_id
    if request.form.get("sure") or member.role != Role.MANAGER or not (mine or last):
        return None
    return render_template("team_ask.html", member=member, role=role, mine=mine, last=last)


def _managers_besides(session: Session, user_id: str) -> int:
    """Return how many managers the team has besides a user."""
    able = [row for row in list_members(session, team_id()) if row.user.disabled_at is None]
    return sum(row.role == Role.MANAGER and row.user_id != user_id for row in able)


def _member(session: Session, user_id: str) -> Membership:
    found = [row for row in list_members(session, team_id()) if row.user_id == user_id]
    if not found:
        raise NotFound(said("there is no such member in this team"))
    return found[0]


def _page(form: Form) -> str:
    with services().db.read() as session:
        members = list_members(session, team_id())
        limits = rows_of(session, team_id())
        others = _managers_besides(session, principal().user_id or "")
    shown: dict[str, Any] = {
        "members": members,
        "roles": role_choices(),
        "form": form,
        "limits": limits,
    }
    mine = [row for row in members if row.user_id == principal().user_id]
    last = not others and any(row.role == Role.MANAGER for row in mine)
    return render_template("team.html", is_member=bool(mine), is_last=last, **shown)
