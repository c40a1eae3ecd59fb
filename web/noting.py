"""The audit log of requests: each that changed something, and each that was refused.

What views note themselves (``web.deeds``) stands in the transaction of the deed. All else is noted
here, behind the answer, by what the request was let in for: never by what it brought.
"""

import re
import threading
import time
from collections import Counter

import structlog
from apiflask import APIFlask
from flask import Response, current_app, g, request
from sqlalchemy.exc import SQLAlchemyError

from shared.accounts.audit import DONE, NOBODY, REFUSED, Actor, Deed, note
from shared.accounts.rights import Right
from web.callers import caller
from web.context import services
from web.rules import RULES

READING = ("GET", "HEAD", "OPTIONS")
# What is asked while somebody types or reads: no more than questions, whose answers soon go.
QUESTIONS = (
    *("answers.score", "answers.verify", "pages.outputs.verify"),
    *("pages.desk.scores", "pages.training.estimate"),
)
# A flood of refused requests shall fill no disk: so many are noted, the others are counted.
MINUTE, MOST_OF_AN_ADDRESS, MOST_IN_ALL = 60.0, 20, 200
GUESSES = ("signing.", "account.password")
ID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")

log = structlog.get_logger(__name__)


class Refusals:
    """Which refusals are noted: some of each address a minute, and some in all."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._minute, self._left_out = -1, 0
        self._seen: Counter[tuple[str | None, bool]] = Counter()

    def admit(self, address: str | None, action: str = "") -> int | None:
        """Return how many were left out since the last one that was noted; None: leave it out.

        Passwords and links count by themselves: no noise of another kind shall hide that somebody
        guesses.
        """
        guess = action.startswith(GUESSES)
        of = address, guess
        with self._lock:
            if self._minute != (minute := int(time.monotonic() // MINUTE)):
                self._minute, self._seen = minute, Counter()
            noted = sum(count for (_, kind), count in self._seen.items() if kind == guess)
            if self._seen[of] >= MOST_OF_AN_ADDRESS or noted >= MOST_IN_ALL:
                self._left_out += 1
                return None
            self._seen[of] += 1
            left_out, self._left_out = self._left_out, 0
            return left_out


def note_requests(app: APIFlask) -> None:
    """Note what every request did, behind its answer."""
    app.extensions["charloom.refusals"] = Refusals()
    app.after_request(_note_request)


def note_refusal(action: str, **details: str | int | None) -> None:
    """Note that somebody was refused something, unless there were too many of late."""
    g.noted = True
    refusals: Refusals = current_app.extensions["charloom.refusals"]
    left_out = refusals.admit(caller(), action)
    if left_out is None:
        return
    if left_out:
        details["left_out"] = left_out
    _keep(Deed(action, _named(), REFUSED, dict(details)))


def _note_request(response: Response) -> Response:
    action = (request.endpoint or "nothing").removeprefix("pages.")
    if "noted" in g:
        return response
    if _is_refused(response):
        note_refusal(action, status=response.status_code, method=request.method)
    elif _has_changed(response):
        _keep(Deed(action, _made(response) or _named(), DONE, _details(response)))
    return response


def _is_refused(response: Response) -> bool:
    """Tell whether it was for who asked. Who only brought nothing is asked to sign in."""
    if response.status_code == 401:
        return "Authorization" in request.headers
    return response.status_code == 403 or "refused_form" in g


def _has_changed(response: Response) -> bool:
    rule = RULES.get(request.endpoint or "")
    if request.method in READING or response.status_code >= 400:
        return False
    asked = request.endpoint in QUESTIONS or rule is None
    return not (asked or rule.anyone or rule.right == Right.READ)  # type: ignore[union-attr]


def _made(response: Response) -> str | None:
    """Return the id of what an answer leads to."""
    ids = ID.findall(response.headers.get("Location", "").partition("?")[0])
    return ids[-1] if ids else None


def _named() -> str | None:
    """Return what the request's address names."""
    named = [str(value) for value in (request.view_args or {}).values()]
    return named[0][:100] if named else None


def _details(response: Response) -> dict[str, str | int]:
    named = {name: str(value)[:100] for name, value in (request.view_args or {}).items()}
    return {"status": response.status_code} | named


def _keep(deed: Deed) -> None:
    """Write an entry. The request is answered whatever comes of it: the log has it then."""
    address, who = request.remote_addr, g.get("principal")
    actor = who.actor(address) if who else Actor(NOBODY.name, address=address)
    try:
        with services().db.write() as session:
            note(session, actor, deed)
    except SQLAlchemyError as error:
        log.error("not in the audit log", who=actor.name, action=deed.action,
                  subject=deed.subject_id, outcome=deed.outcome, error=str(error))  # fmt: skip
