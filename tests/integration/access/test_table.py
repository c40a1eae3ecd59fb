"""Who may do what: every route of the URL map, by every method, tried by everybody.

What is seen is held against the table in ``docs/access.md``, which people read and review;
``make access`` writes it anew.
"""

import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

import web.downloads
from shared.accounts.rights import Right
from shared.checkpoints.models import Checkpoint
from shared.db import Base, Database
from shared.jobs.models import Job
from shared.queue import FakeTickets
from tests.integration.access.document import DOCUMENT, lines_of, quick_settings
from tests.support.access import CAST, WRITES, Ask, Theatre, observe, table
from tests.support.apps import make_app
from web.rules import RULES, Rule

pytestmark = pytest.mark.timeout(600)
IDS = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}")
OWNED = ("corpora", "corpus_versions", "jobs", "checkpoints", "samples", "outputs", "schedules",
         "schedule_runs", "models", "receivers", "notices", "blobs")  # fmt: skip
# Says in words, with a 200, that there is nothing to estimate.
IN_WORDS = ("pages.training.estimate",)
# As whom a token of a manager with this scope acts, who made nothing of what is there.
ACTS_AS = {"read": "viewer", "submit": "teammate", "manage": "manager"}


@pytest.fixture(scope="module")
def theatre(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Theatre]:
    """An application with something of everything, and everybody."""
    folder = tmp_path_factory.mktemp("theatre")
    file = folder / "charloom.db"
    file.write_bytes(sqlite_template.read_bytes())
    app = make_app(quick_settings(f"sqlite:///{file}", folder), FakeTickets())
    yield Theatre(app, file)
    app.extensions["charloom"].db.close()


@pytest.fixture(scope="module")
def documented() -> set[str]:
    """The lines of the document's table."""
    return set(lines_of(DOCUMENT.read_text(encoding="utf-8")))


def test_every_route_has_a_rule(theatre: Theatre) -> None:
    """And no rule is left over of a route that is gone."""
    assert {rule.endpoint for rule in theatre.app.url_map.iter_rules()} == set(RULES)


def test_the_table_holds(theatre: Theatre, documented: set[str]) -> None:
    """Everybody is answered as the document says, and HEAD as GET."""
    seen = observe(theatre)
    rows = set(table(seen))
    assert rows - documented == set(), "answered otherwise than documented"
    assert documented - rows == set(), "documented, and there is no such route"
    gets = {ask.path: answers for ask, answers in seen.items() if ask.method == "GET"}
    heads = {ask.path: answers for ask, answers in seen.items() if ask.method == "HEAD"}
    assert heads == gets
    assert {who for answers in seen.values() for who in answers} == set(CAST)


def test_a_stranger_is_told_of_nothing(theatre: Theatre) -> None:
    """No answer to one, nor to nobody, has the id of anything that the team owns."""
    secret = ids_of_all(theatre.db)
    assert len(secret) > 50
    for ask in theatre.asks():
        for who in ("nobody", "stranger"):
            told = set(IDS.findall(theatre.answer(who, ask)[1])) & secret
            assert told <= asked_for(theatre, ask), (who, ask)


def test_ids_in_bodies_are_the_teams_own(theatre: Theatre) -> None:
    """What is named in a body is looked for in the team, too: nothing is made of another's."""
    for ask in theatre.asks():
        if ask.method != "POST" or ask.endpoint in IN_WORDS:
            continue
        if theatre.body_of(ask) != dict(ask.body):
            assert theatre.status("stranger", ask) in (404, 422), ask
            assert theatre.status("owner", ask) not in (404, 422), ask


@pytest.mark.parametrize("token", [None, "", "forged"])
def test_every_form_wants_its_token(theatre: Theatre, token: str | None) -> None:
    """No page elsewhere can send one in a visitor's name: an administrator's is refused, too."""
    for ask in theatre.asks():
        if ask.method in WRITES and not ask.is_api:
            answer = theatre.post_with(ask, token)
            assert answer.status_code == 400, ask
            assert "The form was refused" in answer.text or answer.is_json, ask


@pytest.mark.parametrize("scope", ACTS_AS)
def test_a_tokens_scope_bounds_it(theatre: Theatre, scope: str) -> None:
    """A manager's token with a smaller scope is answered as somebody who has no greater right."""
    for ask in theatre.asks():
        if ask.is_api:
            assert theatre.answer(scope, ask)[0] == theatre.answer(ACTS_AS[scope], ask)[0], ask


def ids_of_all(db: Database) -> set[str]:
    """Return the ids of everything that the team owns."""
    columns = [table.c.id for name, table in Base.metadata.tables.items() if name in OWNED]
    with db.read() as session:
        return {found for column in columns for found in session.scalars(select(column))}


def asked_for(theatre: Theatre, ask: Ask) -> set[str]:
    """Return the ids that the request itself names: an answer may repeat them."""
    return set(IDS.findall(ask.path + str(theatre.body_of(ask))))


# What a fault would be, and the endpoints at which the table must show it.
Break = Callable[[pytest.MonkeyPatch], None]


def any_teams(model: type[Any]) -> Callable[..., Any]:
    """Return a query for one row that forgot whose it is."""
    return lambda session, _team_id, its_id: session.get(model, its_id)


FAULTS: dict[str, tuple[Break, str]] = {
    "a rule is gone": (lambda patch: patch.delitem(RULES, "jobs.show"), "jobs.show"),
    "a rule asks for less": (
        lambda patch: patch.setitem(RULES, "models.promote", Rule(Right.SUBMIT)),
        "models.promote",
    ),
    "a route is open": (
        lambda patch: patch.setitem(RULES, "pages.home.index", Rule(anyone=True)),
        "pages.home.index",
    ),
    "teammates' things are one's own": (
        lambda patch: patch.setitem(RULES, "jobs.delete", Rule(Right.SUBMIT)),
        "jobs.delete",
    ),
    "a download of any team's": (
        lambda patch: patch.setattr(web.downloads, "get_checkpoint", any_teams(Checkpoint)),
        "checkpoints.model",
    ),
    "a page of any team's": (
        lambda patch: patch.setattr(sys.modules["web.pages.runs"], "get_job", any_teams(Job)),
        "pages.runs.epochs",
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_the_table_shows_a_fault(
    theatre: Theatre, documented: set[str], monkeypatch: pytest.MonkeyPatch, fault: str
) -> None:
    """Take away a rule or a filter, and what is seen is not what is documented."""
    breaks, endpoint = FAULTS[fault]
    assert set(table(observe(theatre, [endpoint]))) <= documented
    breaks(monkeypatch)
    assert not set(table(observe(theatre, [endpoint]))) <= documented
