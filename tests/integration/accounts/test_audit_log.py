"""The audit log of what no request did, and how long it is kept."""

from datetime import timedelta

from sqlalchemy import select, update

from cli.first_start import sign_in_lines
from shared.accounts.audit import INSTALLATION, Deed, note
from shared.accounts.models import DEFAULT_TEAM_ID, AuditEntry
from shared.accounts.queries import get_user, list_entries
from shared.db import Database, database_now, now
from shared.jobs.models import Job
from shared.jobs.requests import TrainingPlan
from shared.schedules.requests import ScheduleRequest
from shared.schedules.running import begin, claim_run
from shared.schedules.services import add_schedule, run_now
from shared.settings import Settings
from tests.support.factories import do, make_corpus
from tests.support.nodes import make_node
from tests.support.signing_in import make_user
from worker.sweeper import Rounds, sweep


def entries(db: Database) -> list[AuditEntry]:
    """Return all entries, oldest first."""
    with db.read() as session:
        return list_entries(session).data[::-1]


def test_the_first_start_is_noted(db: Database, database_url: str) -> None:
    """That a link was made on the machine itself, and for whom: each time."""
    for _ in range(2):
        assert len(sign_in_lines(database_url, "http://localhost")) == 2
    with db.read() as session:
        admin = get_user(session, "admin")
    assert [(e.user_name, e.action, e.subject_id) for e in entries(db)] == [
        ("installation", "users.link", admin.id)
    ] * 2


def test_a_schedules_jobs_are_noted(db: Database) -> None:
    """As the schedule's, with who made it: nobody was there when it was due."""
    ada = make_user(db)
    plan = {"name": "nightly", "cron": "nightly", "corpus_id": make_corpus(db).id, "model": "m"}
    request = ScheduleRequest.model_validate(plan | {"training": TrainingPlan(preset="tiny")})
    with db.write() as session:
        moment = database_now(session)
        schedule = add_schedule(session, DEFAULT_TEAM_ID, request, moment, ada.id)
        run_now(session, DEFAULT_TEAM_ID, schedule.id, moment)
    claimed = do(db, claim_run)
    assert claimed is not None
    do(db, lambda s: begin(s, claimed, None, 3))
    (entry,) = entries(db)
    with db.read() as session:
        job = session.scalars(select(Job)).one()
    assert (entry.user_name, entry.user_id, entry.team_id) == ("schedule", ada.id, DEFAULT_TEAM_ID)
    assert (entry.action, entry.subject_id) == ("schedules.submit", job.id)
    assert entry.details == {"job_id": job.id, "schedule_id": schedule.id}


def test_old_entries_go(db: Database, settings: Settings) -> None:
    """What is older than the setting says is deleted by the sweeper's next round."""
    old = do(db, lambda s: note(s, INSTALLATION, Deed("teams.add")))
    new = do(db, lambda s: note(s, INSTALLATION, Deed("teams.add")))
    with db.write() as session:
        then = now() - timedelta(days=2)
        session.execute(update(AuditEntry).where(AuditEntry.id == old.id).values(created_at=then))
    for days, left in ((3, [old.id, new.id]), (1, [new.id])):
        node = make_node(db, settings.model_copy(update={"audit_days": days}))
        sweep(node, Rounds(last=float("inf")))
        assert [entry.id for entry in entries(db)] == left
