"""How many requests of a caller are answered at the same time.

An answer holds a thread until its client has taken it, so one caller who takes none of hundreds
would hold all threads. Each web process counts for itself. Listeners have a limit of their own.
"""

import threading
from collections import Counter
from collections.abc import Iterable
from typing import TYPE_CHECKING

from apiflask import APIFlask
from flask import request
from werkzeug.wsgi import ClosingIterator

from shared.errors import TooManyRequests
from shared.said import said
from web.callers import caller
from web.limiting import UNCOUNTED, known_asker

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

# Of a user, whichever tokens are used.
MOST_OF_A_USER = 32
# Of an address that nobody is signed in from: a whole classroom may be behind it.
MOST_OF_AN_ADDRESS = 256
TURN = "charloom.turn"


def limit_at_once(app: APIFlask) -> None:
    """Count requests from their first line to the last byte of their answers."""
    # The outermost: closing what it returns is the end of an answer, whatever made it.
    app.wsgi_app = _Turns(app.wsgi_app)  # type: ignore[method-assign]
    app.before_request(_take)


def end_turn() -> None:
    """Count this request no longer."""
    request.environ[TURN].end()


class _Turn:
    """One request; it counts once it is known whose it is."""

    def __init__(self, turns: "_Turns"):
        self._turns = turns
        self._caller: str | None = None

    def take(self, caller: str, most: int) -> None:
        """Count it. Raises ``TooManyRequests``."""
        self._turns.add(caller, most)
        self._caller = caller

    def end(self) -> None:
        """Count it no longer; once is enough."""
        caller, self._caller = self._caller, None
        if caller is not None:
            self._turns.remove(caller)


class _Turns:
    """An application that counts what another one answers."""

    def __init__(self, app: "WSGIApplication"):
        self._app = app
        self._counts = Counter[str]()
        self._lock = threading.Lock()

    def __call__(
        self, environ: "WSGIEnvironment", start_response: "StartResponse"
    ) -> Iterable[bytes]:
        """Answer a request."""
        turn = environ[TURN] = _Turn(self)
        try:
            return ClosingIterator(self._app(environ, start_response), turn.end)
        except BaseException:
            turn.end()
            raise

    def add(self, caller: str, most: int) -> None:
        """Count one more. Raises ``TooManyRequests`` where it would be more than ``most``."""
        with self._lock:
            if self._counts[caller] >= most:
                raise TooManyRequests(
                    said(
                        "more than {most} requests of one caller at the same time; "
                        "come again in a moment",
                        most=most,
                    ),
                    1,
                )
            self._counts[caller] += 1

    def remove(self, caller: str) -> None:
        """Count one less."""
        with self._lock:
            self._counts[caller] -= 1
            if not self._counts[caller]:
                del self._counts[caller]


def _take() -> None:
    """Count this request, unless it is of who watches or runs the service."""
    if request.blueprint in UNCOUNTED:
        return
    # Whose browser loads a style sheet is not worth a look at the database.
    is_static = (request.endpoint or "").endswith("static")
    found = None if is_static else known_asker()
    turn: _Turn = request.environ[TURN]
    if found is None:
        turn.take(f"address:{caller()}", MOST_OF_AN_ADDRESS)
    elif found.user_id is not None:
        turn.take(f"user:{found.user_id}", MOST_OF_A_USER)
