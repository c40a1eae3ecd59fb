"""What beat has done for schedules: fire what is due, look at texts, tell what came of it."""

from collections.abc import Callable
from dataclasses import asdict

import structlog
from sqlalchemy.exc import SQLAlchemyError

from shared.corpora.cleaning import Cleaning
from shared.corpora.fetching import Validators, fetch_changed
from shared.corpora.services import NewText, add_version, store_text
from shared.db import database_now, is_away
from shared.errors import UserError
from shared.schedules.firing import fire_due
from shared.schedules.models import Schedule
from shared.schedules.running import ClaimedRun, begin, claim_run, give_up, settle
from worker.background import Crew
from worker.node import Node

log = structlog.get_logger(__name__)


def crew() -> Crew[ClaimedRun]:
    """Return the threads that look at the texts of due runs."""
    return Crew("schedules", _claim, look_at)


def look_at_all(node: Node) -> None:
    """Look at every due run, one after the other."""
    while run := _claim(node):
        look_at(node, run)


def tick(node: Node, look: Callable[[Node], None] = look_at_all) -> None:
    """Do all that can be done for schedules now. While the database is away that is nothing."""
    try:
        with node.db.write() as session:
            settle(session, node.settings.limits())
            now = database_now(session)
        fire_due(node.db, now)
        look(node)
    except SQLAlchemyError as error:
        if not is_away(error):
            raise
        log.warning("schedules put off: the database is away", error=str(error))


def look_at(node: Node, run: ClaimedRun) -> None:
    """Fetch a due run's text anew where it has an address, then submit its job or skip it."""
    url, sha256 = run.schedule.url, None
    try:
        if url is not None:
            sha256 = fetch_anew(node, run.schedule, url)
    except UserError as error:
        log.warning("text not had", schedule=run.schedule.id, error=str(error))
        with node.db.write() as session:
            give_up(session, run, error)
        return
    with node.db.write() as session:
        begin(session, run, sha256, node.settings.max_losses, node.settings.limits())


def fetch_anew(node: Node, schedule: Schedule, url: str) -> str:
    """Add a version to a schedule's corpus where the text at its address is new to it.

    Returns the text's SHA-256. Raises ``UserError``s.
    """
    seen = dict(schedule.validators or {})
    sha256: str = seen.pop("sha256", "")
    fetched = fetch_changed(url, node.settings, Validators(**seen))
    if fetched is None:
        return sha256
    text = NewText(fetched.file, f"url:{url}", Cleaning(**schedule.cleaning))
    stored = store_text(node.db, text)
    with node.db.write() as session:
        limits = node.settings.limits()
        add_version(session, schedule.team_id, schedule.corpus_id, stored, limits)
        mine = session.get_one(Schedule, schedule.id)
        mine.validators = asdict(fetched.validators) | {"sha256": stored.blob.sha256}
    return stored.blob.sha256


def _claim(node: Node) -> ClaimedRun | None:
    with node.db.write() as session:
        return claim_run(session)
