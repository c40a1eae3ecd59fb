"""The gate: who asks, and whether they may. It runs before every request, so that none is missed.

Programs bring a bearer token, to the API and to ``/metrics``; people bring a session, to the
pages. Neither is taken for the other, so that no page elsewhere can use the API with a browser's
session.
"""

import hmac
from typing import Any

import structlog
from apiflask import APIFlask
from flask import Response, g, redirect, request, session, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import select

from shared.accounts.rights import Right
from shared.accounts.tokens import find_token, is_use_to_note, note_use
from shared.corpora.models import Corpus
from shared.errors import Forbidden, Unauthorized
from shared.ids import is_id
from shared.jobs.models import Job
from shared.said import said
from shared.schedules.models import Schedule
from web.context import principal, services, team_id
from web.principals import Principal, of_installation, of_token, of_user
from web.rules import RULES, Rule
from web.signed_in import current_session_user
from web.standing import Standing

# Which team a program acts in, where its token has a choice.
TEAM_HEADER = "Charloom-Team"
# Which of the team in a session.
TEAM = "team"
MAKERS: dict[str, type[Corpus] | type[Job] | type[Schedule]] = {
    "corpus_id": Corpus,
    "job_id": Job,
    "schedule_id": Schedule,
}

# A right as a verb.
TO = {right: str(right) for right in Right} | {Right.ADMIN: "administer"}

log = structlog.get_logger(__name__)


def guard(app: APIFlask) -> None:
    """Put the gate before everything else."""
    app.before_request(let_in)
    app.context_processor(_known)
    # Of all templates, macros too, which a context does not reach.
    app.jinja_env.globals["may"] = may


def let_in() -> ResponseReturnValue | None:
    """Find out who asks, and refuse what they may not. Raises ``Unauthorized``, ``Forbidden``."""
    if request.endpoint is None:
        # There is nothing: of the API's addresses nobody learns that without a token.
        if takes_tokens() and asker() is None:
            raise Unauthorized(_refusal())
        return None
    rule = RULES.get(request.endpoint)
    if rule is None:
        log.error("an endpoint without a rule was asked for", endpoint=request.endpoint)
        raise Forbidden
    if rule.anyone or (rule.watch and brings_watch_token()):
        return None
    g.principal = asker()
    if g.principal is None:
        return _sign_in_first()
    check(g.principal, rule, request.view_args or {})
    return None


def takes_tokens() -> bool:
    """Tell whether the request is one of a program."""
    return request.path.startswith("/api/v1/") or request.endpoint == "metrics.show"


def asker() -> Principal | None:
    """Return who asks, or None; found out once a request. Raises ``NotFound`` for the team."""
    if "asker" not in g:
        g.asker = by_token() if takes_tokens() else by_session()
    found: Principal | None = g.asker
    return found


def by_token() -> Principal | None:
    """Return whose bearer token the request brings, or None. Raises ``NotFound`` for the team."""
    given, team = _bearer(), _team_wanted()
    if not given:
        return None
    own, db = services().settings.api_token(), services().db
    with db.read() as reading:
        if own and _is_same(given, own):
            return of_installation(reading, team)
        token = find_token(reading, given)
        if token is None:
            return None
        found = of_token(reading, token, team)
    if is_use_to_note(token):
        with db.write() as writing:
            note_use(writing, token.id)
    return found


def brings_watch_token() -> bool:
    """Tell whether the request brings the token that is good for watching alone."""
    given, known = _bearer(), services().settings.watch_token()
    return bool(given and known) and _is_same(given, known or "")


def _bearer() -> str:
    scheme, _, text = request.headers.get("Authorization", "").partition(" ")
    return text.strip() if scheme.lower() == "bearer" else ""


def _is_same(given: str, secret: str) -> bool:
    # WSGI hands header bytes over as Latin-1.
    return hmac.compare_digest(given.encode("latin-1"), secret.encode())


def _team_wanted() -> str | None:
    """Return the team that the request names: WSGI hands over its UTF-8 as Latin-1."""
    named = request.headers.get(TEAM_HEADER, "").strip()
    return named.encode("latin-1", "replace").decode("utf-8", "replace") or None


def by_session() -> Principal | None:
    """Return who is signed in with the request's session, or None; asked once a request."""
    if "signed_in" not in g:
        # Where the database is away it is asked once: the page that tells so asks again.
        g.signed_in = None
        user = current_session_user()
        with services().db.read() as reading:
            g.signed_in = user and of_user(reading, user, session.get(TEAM))
    found: Principal | None = g.signed_in
    return found


def standing() -> Standing:
    """Return by what the request was let in, to be looked at again while it is answered."""
    who = principal()
    user = None if takes_tokens() else current_session_user()
    key = user.session_key if user else None
    return Standing(team_id(), who.user_id, who.token_id, key)


def check(who: Principal, rule: Rule, view_args: dict[str, Any]) -> None:
    """Raise ``Forbidden`` where a rule does not let somebody do what is asked."""
    if rule.right is None:
        return
    if who.right is None:
        raise Forbidden(said("you are in no team yet: ask an administrator to add you to one"))
    if not who.may(rule.right):
        raise Forbidden(_needs(who, rule.right))
    if rule.own and not who.may(Right.MANAGE):
        _check_maker(who, view_args)


def _check_maker(who: Principal, view_args: dict[str, Any]) -> None:
    """Refuse what a teammate made; what is another team's, the view does not find."""
    (name,) = (name for name in MAKERS if name in view_args)
    model, its_id = MAKERS[name], view_args[name]
    if not is_id(its_id):
        return
    with services().db.read() as reading:
        mine = (model.id == its_id, model.team_id == who.team_id)
        row = reading.execute(select(model.user_id).where(*mine)).one_or_none()
    if row is not None and not who.may_change(row[0]):
        raise Forbidden(said("somebody else made this: only they and managers may change it"))


def _refusal() -> str | None:
    """Return what is said to who is not known."""
    if not takes_tokens():
        return said("sign in first")
    if not request.headers.get("Authorization", "").lower().startswith("bearer "):
        return None
    return said("this token is not known, was revoked, has expired, or its user is disabled")


def _needs(who: Principal, right: Right) -> str:
    told = {"right": TO[right], "had": TO[who.right or Right.READ], "team": who.team_name}
    if who.token_id:
        return said(
            "this needs the right to {right}; this token has the right to {had} in team {team}: "
            "the least of its scope and its user's role",
            **told,
        )
    return said(
        "this needs the right to {right}; you have the right to {had} in team {team}", **told
    )


def _sign_in_first() -> ResponseReturnValue:
    """Send a browser to the form; a program is told. Raises ``Unauthorized``."""
    accepted = request.headers.get("Accept", "text/html")
    if takes_tokens() or request.method not in ("GET", "HEAD") or "text/html" not in accepted:
        raise Unauthorized(_refusal())
    wanted = request.full_path.rstrip("?")
    here: Response = redirect(  # type: ignore[assignment]
        url_for("pages.signing.new", next=None if wanted == "/" else wanted), 303
    )
    here.headers["Cache-Control"] = "no-store"
    return here


def _known() -> dict[str, Any]:
    """Tell templates who is signed in."""
    return {"signed_in": None if takes_tokens() else by_session()}


def may(endpoint: str, maker: str | None = "") -> bool:
    """Tell whether the visitor may call an endpoint, on what a user made: ``maker`` is its id."""
    rule, who = RULES[endpoint], None if takes_tokens() else by_session()
    if rule.anyone:
        return True
    if who is None or (rule.right is not None and not who.may(rule.right)):
        return False
    return not rule.own or maker == "" or who.may_change(maker)
