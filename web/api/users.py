"""Who asks; and for administrators: users, made, changed, given links, signed out."""

from apiflask import APIBlueprint
from flask import request, url_for
from sqlalchemy.orm import Session

from shared.accounts import models, services
from shared.accounts.queries import get_team, get_token, get_user, list_users
from shared.accounts.requests import UserChange, UserRequest
from web import context
from web.api.faults import refuses
from web.api.inputs import PageQuery, takes
from web.api.people import Me, NewUser, SignInLink, User, UserPage
from web.deeds import do

me = APIBlueprint("me", __name__, url_prefix="/api/v1/me", tag="Accounts")
users = APIBlueprint("users", __name__, url_prefix="/api/v1/users", tag="Accounts")


@me.get("")
@me.output(Me)
def show() -> Me:
    """Tell who asks.

    The user, the team that is acted in, and what the token may do there.
    """
    who = context.principal()
    with context.services().db.read() as session:
        token = get_token(session, who.user_id, who.token_id) if who.token_id else None
        team = get_team(session, who.team_id) if who.team_id else None
        return Me.of(who, team, token)


@users.post("")
@takes(users, UserRequest)
@users.output(NewUser, 201)
@users.doc(extensions=refuses("taken"))
def add(body: UserRequest) -> tuple[NewUser, int, dict[str, str]]:
    """Add a user, who is in no team yet.

    The answer has a link by which the person signs in the first time, and sets a password.
    """

    def work(session: Session) -> tuple[models.User, str]:
        user = services.add_user(session, body.name, email=body.email, admin=body.admin)
        return user, services.make_link(session, user)

    user, secret = do("users.add", work, name=body.name, admin=body.admin)
    made = NewUser.of(user, sign_in=_link(user, secret))
    return made, 201, {"Location": made.links["self"], "Cache-Control": "no-store"}


@users.get("")
@takes(users, PageQuery, "query")
@users.output(UserPage)
def index(query: PageQuery) -> UserPage:
    """List the users, oldest first.

    Disabled ones, too.
    """
    with context.services().db.read() as session:
        return UserPage.of(list_users(session, after=query.after, limit=query.limit))


@users.get("/<user_id>", endpoint="show")
@users.output(User)
def show_user(user_id: str) -> User:
    """Show a user.

    With the teams, and what the person is there.
    """
    with context.services().db.read() as session:
        return User.of(get_user(session, user_id))


@users.patch("/<user_id>")
@takes(users, UserChange)
@users.output(User)
@users.doc(extensions=refuses("last_administrator"))
def change(user_id: str, body: UserChange) -> User:
    """Change a user; what is left out stays as it is.

    Who is disabled is signed out everywhere, and no token of theirs works.
    """
    changes = body.model_dump(include=body.model_fields_set)
    # An empty one takes the address away.
    given = changes | ({"email": body.email or ""} if "email" in changes else {})

    def work(session: Session) -> models.User:
        user = get_user(session, user_id)
        services.change_user(session, user, **given)
        return user

    return User.of(do("users.change", work, **changes))


@users.post("/<user_id>/link")
@users.output(SignInLink)
@users.doc(extensions=refuses("account_disabled"))
def link(user_id: str) -> tuple[SignInLink, int, dict[str, str]]:
    """Make a link by which a user signs in once.

    It is for who forgot the password: an older one no longer works.
    """

    def work(session: Session) -> tuple[models.User, str]:
        user = get_user(session, user_id)
        return user, services.make_link(session, user)

    user, secret = do("users.link", work)
    return _link(user, secret), 200, {"Cache-Control": "no-store"}


@users.post("/<user_id>/sign-out")
@users.doc(responses={204: "Signed out"})
def sign_out(user_id: str) -> tuple[str, int]:
    """End all sessions of a user.

    Tokens go on to work: revoke them, or disable the account.
    """

    def work(session: Session) -> models.User:
        user = get_user(session, user_id)
        services.sign_out_everywhere(session, user)
        return user

    do("users.sign_out", work)
    return "", 204


def _link(user: models.User, secret: str) -> SignInLink:
    path = url_for("pages.signing.show", secret=secret)
    outside = (context.services().settings.public_url or request.host_url).rstrip("/")
    return SignInLink(url=outside + path, expires_at=user.link_expires_at)
