"""The session of the pages' forms, at no cost to whoever brings none."""

from typing import Any

from flask import Flask, Request
from flask.sessions import SecureCookieSession, SecureCookieSessionInterface


class LazySessions(SecureCookieSessionInterface):
    """Flask's sessions; the key is set up only where there is a cookie to check with it.

    That takes as long as all else that Flask does for a request, and programs bring no cookie.
    """

    def open_session(self, app: Flask, request: Request) -> SecureCookieSession | None:
        """Return the session that a request brings, or an empty one."""
        if self.get_cookie_name(app) not in request.cookies:
            empty: Any = self.session_class()
            return empty if app.secret_key else None
        return super().open_session(app, request)
