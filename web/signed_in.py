"""Sessions of people: Flask-Login's, each tied to the key that ends all of a user's sessions."""

import time
from datetime import timedelta

from apiflask import APIFlask
from flask import session
from flask_login import LoginManager, UserMixin, current_user, login_user, logout_user

from shared.accounts.models import User
from shared.accounts.queries import session_user
from shared.settings import Settings
from web.context import services

# When the session began, if it began by a link; and for how long that counts.
LINK, LINK_SECONDS = "by_link", 1800.0


class SignedIn(UserMixin):  # type: ignore[misc]
    """A user as a session knows one: by the id, and the key that was theirs when it began."""

    def __init__(self, user: User):
        self.user = user

    def get_id(self) -> str:
        """Return what the session's cookie holds."""
        return f"{self.user.id}.{self.user.session_key}"


def keep_sessions(app: APIFlask, settings: Settings) -> None:
    """Set up Flask-Login; only ``web.access`` refuses anything."""
    # Templates know who is signed in by ``web.access``, which asks the database once.
    manager = LoginManager(app, add_context_processor=False)
    manager.user_loader(_load)
    app.config.update(
        PERMANENT_SESSION_LIFETIME=timedelta(days=settings.session_days),
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_SECURE=settings.behind_tls(),
    )


def begin_session(user: User) -> None:
    """Sign somebody in. Nothing of the session before is kept, its form token neither."""
    session.clear()
    login_user(SignedIn(user))
    session.permanent = True


def remember_link() -> None:
    """Remember that the session began by a link, for as long as it takes to set a password."""
    session[LINK] = time.time()


def came_by_link() -> bool:
    """Tell whether the session began by a link within the last minutes."""
    began: float = session.get(LINK, 0.0)
    return time.time() - began < LINK_SECONDS


def end_session() -> None:
    """Sign out here; other browsers stay signed in."""
    logout_user()
    session.clear()


def current_session_user() -> User | None:
    """Return the user of the request's session with the memberships, or None."""
    found: User | None = current_user.user if current_user.is_authenticated else None
    return found


def _load(cookie: str) -> SignedIn | None:
    user_id, _, key = cookie.partition(".")
    with services().db.read() as reading:
        user = session_user(reading, user_id, key)
    return SignedIn(user) if user else None
