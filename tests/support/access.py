"""Every route tried by everybody: the cast, what each asks for, and how they were answered."""

import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from sqlite3 import connect
from typing import Any

from apiflask import APIFlask
from flask.testing import FlaskClient
from sqlalchemy import update
from werkzeug.routing import Rule
from werkzeug.test import TestResponse

from shared.accounts.models import DEFAULT_TEAM_ID, User
from shared.accounts.queries import list_tokens
from shared.accounts.rights import Right, Role
from shared.accounts.tokens import NewToken, make_token
from shared.corpora.models import Corpus
from shared.db import Database, now
from shared.jobs.models import Job
from shared.schedules.models import Schedule
from tests.support.factories import make_team
from tests.support.full import Full, fill
from tests.support.signing_in import make_user, sign_in

# In the order of what they may do; the owner made all that there is.
CAST = ("nobody", "stranger", "viewer", "teammate", "owner", "manager", "administrator")
SCOPES = ("read", "submit", "manage")
ANSWERS = {"in": "yes", "sign in": "sign in", "no": "refused", "none": "not there"}
FORM_TOKEN = re.compile(r'name="csrf_token" value="([^"]+)"')


@dataclass(frozen=True)
class Ask:
    """One way to ask for a route; two are the same that ask for the same thing."""

    method: str
    endpoint: str
    rule: str
    path: str
    body: Mapping[str, Any] = field(default_factory=dict, compare=False)

    @property
    def is_api(self) -> bool:
        """Whether programs ask for it, with a token."""
        return self.rule.startswith("/api/v1/") or self.rule == "/metrics"


class Theatre:
    """A filled application, the same again for every request, and clients of all the cast."""

    def __init__(self, app: APIFlask, file: Path):
        self.app, self.db, self._file = app, app.extensions["charloom"].db, file
        self.full = fill(self.db)
        self.users = _cast(self.db)
        _give_all(self.db, self.users["owner"])
        self.tokens = {name: _token(self.db, user) for name, user in self.users.items()}
        self.tokens |= {
            scope: _token(self.db, self.users["manager"], Right(scope)) for scope in SCOPES
        }
        self._accounts = _account_ids(self.db, self.users["owner"])
        self._sessions: dict[str, tuple[dict[str, Any], str]] = {}
        self._kept = file.with_suffix(".kept")
        with closing(connect(file)) as live, closing(connect(self._kept)) as kept:
            live.backup(kept)

    def answer(self, who: str, ask: Ask) -> tuple[str, str]:
        """Ask as somebody; return which kind of answer came, and its text."""
        given = self._answered(who, ask)
        return _kind(given), given.text

    def status(self, who: str, ask: Ask) -> int:
        """Ask as somebody; return the answer's status."""
        return self._answered(who, ask).status_code

    def post_with(self, ask: Ask, token: str | None) -> TestResponse:
        """Send a form as the administrator with this token, or without any."""
        client, _ = self._session("administrator")
        headers = {} if token is None else {"X-CSRFToken": token}
        return client.open(ask.path, method=ask.method, headers=headers, data=self.body_of(ask))

    def body_of(self, ask: Ask) -> Any:
        """Return the body that a request has."""
        return _filled(ask.body, self.full)

    def asks(self, endpoints: Iterable[str] | None = None) -> Iterator[Ask]:
        """Yield how each route is asked for, those of all endpoints or of some."""
        for rule in sorted(self.app.url_map.iter_rules(), key=lambda rule: rule.rule):
            if endpoints is None or rule.endpoint in endpoints:
                for method in sorted((rule.methods or set()) - {"OPTIONS"}):
                    yield from self._ways(rule, method)

    def _ways(self, rule: Rule, method: str) -> Iterator[Ask]:
        values = _values(self.full, self._accounts, rule)
        for move in ("cancel", "pause", "resume", "retry") if "move" in values else ("",):
            with self.app.test_request_context():
                url = self.app.url_for(rule.endpoint, **values | ({"move": move} if move else {}))
            path = url.partition("://")[2].partition("/")[2] if "://" in url else url.lstrip("/")
            shown = rule.rule.replace("<any(cancel, pause, resume, retry):move>", move)
            shown = re.sub(r"<[^<>:]*(\([^()]*\))?:", "<", shown)
            yield Ask(method, rule.endpoint, shown, "/" + path, BODIES.get(rule.endpoint, {}))

    def _answered(self, who: str, ask: Ask) -> TestResponse:
        given = self._asked(who, ask)
        # Streams are read to their end, too; what is left is in memory, and no file open.
        given.set_data(given.get_data().decode(errors="replace"))
        given.close()
        if ask.method in WRITES and given.status_code < 400:
            self._restore()
        return given

    def _asked(self, who: str, ask: Ask) -> TestResponse:
        options: dict[str, Any] = {"method": ask.method}
        if ask.is_api:
            client, headers = self.app.test_client(), {}
            if who in self.tokens:
                headers = {"Authorization": f"Bearer {self.tokens[who]}"}
            options |= {"json": self.body_of(ask)} if ask.method in WRITES else {}
        else:
            client, token = self._session(who)
            headers = {"X-CSRFToken": token}
            kind = "json" if ask.endpoint in JSON_PAGES else "data"
            options |= {kind: self.body_of(ask)} if ask.method in WRITES else {}
        return client.open(ask.path, headers=headers, **options)

    def _session(self, who: str) -> tuple[FlaskClient, str]:
        """Return a browser in which somebody is signed in, and the token of its forms."""
        client = self.app.test_client()
        if who not in self._sessions:
            self._sessions[who] = self._new_session(who)
        kept, token = self._sessions[who]
        with client.session_transaction() as session:
            session.update(kept)
        return client, token

    def _new_session(self, who: str) -> tuple[dict[str, Any], str]:
        """Return what a browser keeps after its first page, and the token of that page's form."""
        client = self.app.test_client()
        if who in self.users:
            sign_in(client, self.users[who])
        form = "/account" if who in self.users else "/sign-in"
        found = FORM_TOKEN.search(client.get(form).get_data(as_text=True))
        assert found
        with client.session_transaction() as session:
            return dict(session), found[1]

    def _restore(self) -> None:
        """Put everything back, as SQLite copies databases that are in use."""
        with closing(connect(self._kept)) as kept, closing(connect(self._file)) as live:
            kept.backup(live)


WRITES = ("POST", "PUT", "PATCH", "DELETE")
# Which job is asked for, where it is not the one that was trained.
JOBS = {
    "answers.result": "score",
    "pages.outputs.output_zip": "written",
    "pages.outputs.receipt": "written",
    "pages.outputs.verify": "written",
    "pages.jobs.output_jsonl": "written",
    "pages.jobs.output_txt": "written",
    "records.output_jsonl": "written",
    "records.output_txt": "written",
    "records.output_zip": "written",
    "records.outputs": "written",
}
# What makes a body one that is read to its ids: names in braces stand for those.
BODIES: dict[str, Mapping[str, Any]] = {
    "answers.score": {"text": "A journey"},
    "corpora.add": {"name": "new", "text": "A journey of a thousand miles. " * 50},
    "corpora.add_one_version": {"text": "Another text. " * 90},
    "estimates.show": {"corpus_id": "{corpus}"},
    "models.promote": {"checkpoint_id": "{checkpoint}"},
    "models.change": {"min_gain": 0.1},
    "pages.account.switch": {"team": DEFAULT_TEAM_ID},
    "pages.corpora.create_version": {"source": "paste", "text": "Another text. " * 90},
    "pages.desk.go_on": {"checkpoint_id": "{checkpoint}", "prompt": "A journey", "length": "9"},
    "pages.desk.scores": {"checkpoint_id": "{checkpoint}", "text": "A journey"},
    "pages.desk.texts": {"checkpoint_id": "{checkpoint}", "length": 9},
    "pages.generation.create": {"checkpoint_id": "{checkpoint}", "length": "9"},
    "pages.models.promote": {"checkpoint_id": "{checkpoint}"},
    "pages.users.set_team": {"team": DEFAULT_TEAM_ID, "role": "viewer"},
    "pages.training.create": {"corpus_id": "{corpus}", "preset": "tiny"},
    "pages.training.estimate": {"corpus_id": "{corpus}", "preset": "tiny"},
    "receivers.add": {"name": "new", "url": "https://example.org"},
    "schedules.add": {
        "name": "new", "cron": "nightly", "corpus_id": "{corpus}", "model": "new",
        "training": {"preset": "tiny"},
    },
    "schedules.change": {"name": "renamed"},
    "teams.add": {"name": "new"},
    "teams.change": {"name": "new"},
    "teams.put_member": {"role": "viewer"},
    "tokens.add": {"name": "new", "scope": "read"},
    "users.add": {"name": "new"},
    "users.change": {"email": "new@example.org"},
    "submissions.generate": {"checkpoint_id": "{checkpoint}", "length": 9},
    "submissions.train": {"corpus_id": "{corpus}", "preset": "tiny"},
}  # fmt: skip
JSON_PAGES = ("pages.desk.scores", "pages.desk.texts")


def _cast(db: Database) -> dict[str, User]:
    others = make_team(db)
    return {
        "stranger": make_user(db, "stranger", Role.MANAGER, team_id=others),
        "viewer": make_user(db, "viewer", Role.VIEWER),
        "teammate": make_user(db, "teammate", Role.MEMBER),
        "owner": make_user(db, "owner", Role.MEMBER),
        "manager": make_user(db, "manager", Role.MANAGER),
        "administrator": make_user(db, "administrator", None, admin=True),
    }


def _give_all(db: Database, owner: User) -> None:
    with db.write() as session:
        for table in (Corpus, Job, Schedule):
            session.execute(update(table).values(user_id=owner.id))


def _token(db: Database, user: User, scope: Right = Right.ADMIN) -> str:
    team_id = user.memberships[0].team_id if user.memberships else DEFAULT_TEAM_ID
    with db.write() as session:
        new = NewToken(team_id, "t", scope, now() + timedelta(days=1))
        return make_token(session, user, new)[1]


def _account_ids(db: Database, owner: User) -> dict[str, str]:
    with db.read() as session:
        (token,) = list_tokens(session, owner.id).data
    return {"user_id": owner.id, "team_id": DEFAULT_TEAM_ID, "token_id": token.id}


def _values(full: Full, accounts: dict[str, str], rule: Rule) -> dict[str, Any]:
    known = accounts | {
        "corpus_id": full.corpus,
        "job_id": full.jobs[JOBS.get(rule.endpoint, "trained")],
        "checkpoint_id": full.checkpoint,
        "sample_id": full.sample,
        "name": full.model,
        "schedule_id": full.schedule,
        "receiver_id": full.receiver,
        "node": full.node,
        "number": 1,
        "move": "cancel",
        "change": "promote",
        "filename": FILES.get(rule.endpoint, ""),
    }
    return {name: known[name] for name in rule.arguments}


FILES = {
    "static": "charloom.css",
    "bootstrap.static": "css/bootstrap.min.css",
    "chartkick.static": "Chart.bundle.js",
    "pages.api_docs.static": "swagger-ui.css",
}


def _filled(body: Any, full: Full) -> Any:
    if isinstance(body, Mapping):
        return {name: _filled(value, full) for name, value in body.items()}
    return body.format(**vars(full)) if isinstance(body, str) and "{" in body else body


def _kind(given: TestResponse) -> str:
    if given.status_code == 401 or "/sign-in?" in given.headers.get("Location", ""):
        return "sign in"
    return {403: "no", 404: "none"}.get(given.status_code, "in")


Seen = dict[Ask, dict[str, str]]


def observe(theatre: Theatre, endpoints: Iterable[str] | None = None) -> Seen:
    """Return how each of the cast was answered, route by route."""
    return {
        ask: {who: theatre.answer(who, ask)[0] for who in CAST} for ask in theatre.asks(endpoints)
    }


def table(seen: Seen) -> list[str]:
    """Return what was seen as the lines of a table; what HEAD is answered, GET is."""
    rows = [(ask, answers) for ask, answers in seen.items() if ask.method != "HEAD"]
    return [
        f"| {ask.method} | `{ask.rule}` | {' | '.join(ANSWERS[answers[who]] for who in CAST)} |"
        for ask, answers in sorted(rows, key=lambda row: (row[0].rule, row[0].method))
    ]
