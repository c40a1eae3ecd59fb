"""What the pages say of people: roles in words, one's own teams, who made a thing, who can help."""

from typing import Any

from apiflask import APIFlask
from flask import request
from sqlalchemy import select
from sqlalchemy.orm import Session

from shared.accounts.models import Membership, User
from shared.accounts.queries import list_members
from shared.accounts.requests import RoleRequest
from shared.accounts.rights import Right, Role
from web.access import by_session
from web.context import services
from web.makers import names as makers
from web.messages import _, _l
from web.pages.forms import validated
from web.pages.words import Words
from web.rules import RULES
from web.signed_in import current_session_user

ROLES: Words = {
    Role.VIEWER: _l("viewer"),
    Role.MEMBER: _l("member"),
    Role.MANAGER: _l("manager"),
}
ROLES_MEAN: Words = {
    Role.VIEWER: _l("sees and downloads everything"),
    Role.MEMBER: _l("also adds texts, trains and writes, and changes what they made"),
    Role.MANAGER: _l("also changes what others made, and who is in the team"),
}
# What somebody is who has a right in a team.
RIGHTS: Words = {
    Right.READ: ROLES[Role.VIEWER],
    Right.SUBMIT: ROLES[Role.MEMBER],
    Right.MANAGE: ROLES[Role.MANAGER],
    Right.ADMIN: _l("administrator"),
}
# What a token with a scope may do.
SCOPES: Words = {
    Right.READ: _l("read: see and download"),
    Right.SUBMIT: _l("submit: also add texts, train and write"),
    Right.MANAGE: _l("manage: also change what others made"),
    Right.ADMIN: _l("admin: everything"),
}
MOST_NAMED = 5


def tell_of_people(app: APIFlask) -> None:
    """Give the templates these functions."""
    app.jinja_env.filters["role_word"] = lambda role: str(ROLES[role])
    app.jinja_env.filters["right_word"] = lambda right: str(RIGHTS[right])
    app.jinja_env.filters["scope_word"] = lambda scope: str(SCOPES[scope])
    app.jinja_env.globals.update(
        my_teams=my_teams, maker=maker, who_helps=who_helps, after_switch=after_switch
    )


def my_teams() -> list[Membership]:
    """Return in which teams the visitor is, by name."""
    user = current_session_user()
    return sorted(user.memberships, key=lambda row: row.team.name) if user else []


def maker(user_id: str | None) -> str:
    """Return the name of who made something; '' for the installation, and of old things."""
    return makers.look_up([user_id]).get(user_id or "", "")


def who_helps() -> dict[str, Any]:
    """Return who can give the visitor the right that is missing.

    The team's managers, but for what is administrators' alone, and where there are none.
    """
    who, rule = by_session(), RULES.get(request.endpoint or "")
    above = who and (who.may(Right.MANAGE) or (rule and rule.right == Right.ADMIN))
    team_id = None if who is None or above else who.team_id
    with services().db.read() as session:
        names = _managers(session, team_id) if team_id else []
        team = who.team_name if who and names else ""
        return {"team": team, "names": (names or _administrators(session))[:MOST_NAMED]}


def after_switch() -> str:
    """Return where to go on in another team: where one is, if that is in every team."""
    everywhere = (request.endpoint or "").endswith((".index", "account.show", "team.show"))
    return request.path if everywhere and request.method == "GET" else "/"


def role_choices() -> list[dict[str, str]]:
    """Return the roles as the choices of a select, short as on a phone, and what each means."""
    return [
        {
            "value": role,
            "text": str(ROLES[role]),
            "group": "",
            "means": _("%(role)s: %(what)s", role=ROLES[role], what=ROLES_MEAN[role]),
        }
        for role in Role
    ]


def asked_role(typed: str) -> Role:
    """Return the role that was chosen. Raises ``InvalidFields``."""
    return validated(RoleRequest, {"role": typed}).role


def _managers(session: Session, team_id: str) -> list[str]:
    able = [row for row in list_members(session, team_id) if row.user.disabled_at is None]
    return [row.user.name for row in able if row.role == Role.MANAGER]


def _administrators(session: Session) -> list[str]:
    able = select(User.name).where(User.admin, User.disabled_at.is_(None)).order_by(User.name)
    return list(session.scalars(able.limit(MOST_NAMED)))
