"""A database that has some of everything."""

from shared.accounts.models import DEFAULT_TEAM_ID
from shared.accounts.queries import get_user
from shared.accounts.rights import Right
from shared.accounts.tokens import NewToken, make_token
from shared.db import Database, database_now, now
from shared.ids import new_id
from shared.jobs.queries import list_samples
from shared.jobs.requests import TrainingPlan
from shared.jobs.services import succeed
from shared.models.models import NamedModel
from shared.models.services import promote, work_for
from shared.notices.services import add_receiver, send_test
from shared.schedules.requests import ScheduleRequest
from shared.schedules.services import add_schedule, run_now
from shared.workers.services import Process, see
from tests.fuzz.hooks import NAMES
from tests.integration.api.outputs import add_output
from tests.support.factories import (
    TEXT,
    WORKER,
    claim_job,
    make_checkpoint,
    make_corpus,
    make_generation_job,
    make_standing_job,
    make_team,
)
from tests.support.signing_in import make_user

# A queued one comes last: each of the others is claimed on its way.
STATUSES = ("running", "paused", "failed", "cancelled", "queued")


def fill(db: Database) -> dict[str, str]:
    """Put some of everything into the database; return variables with the ids of some of it."""
    checkpoint = make_checkpoint(db)
    corpus = make_corpus(db, TEXT * 20, name="another")
    for status in STATUSES:
        make_standing_job(db, status)
    writing = make_generation_job(db, checkpoint)
    lease = claim_job(db, writing)
    for number, text in enumerate(("one", "two " * 50_000, "three"), 1):
        add_output(db, lease, number, text)
    user, team = make_user(db), make_team(db)
    plan = {"name": "nightly", "cron": "nightly", "corpus_id": corpus.id, "model": "mine",
            "training": TrainingPlan(preset="tiny")}  # fmt: skip
    with db.write() as session:
        receiver = add_receiver(session, DEFAULT_TEAM_ID, "hook", url="https://example.org/hook")
        request = ScheduleRequest.model_validate(plan | {"notify": [receiver.id]})
        moment = database_now(session)
        schedule = add_schedule(session, DEFAULT_TEAM_ID, request, moment)
        run_now(session, DEFAULT_TEAM_ID, schedule.id, moment)
        model = session.get_one(NamedModel, schedule.model_id)
        promote(session, model, checkpoint, "by hand")
        work_for(session, model, lease.job_id)
        succeed(session, lease)
        send_test(session, receiver)
        see(session, Process(new_id(), WORKER, ["train"], "cpu", now()))
        new = NewToken(DEFAULT_TEAM_ID, "ci", Right.READ)
        token, _ = make_token(session, get_user(session, user.id), new)
        sample = list_samples(session, checkpoint.job_id).data[0].id
    real = (corpus.id, corpus.latest_version.id, checkpoint.job_id, checkpoint.id, writing.id,
            schedule.id, receiver.id, sample, user.id, team, token.id)  # fmt: skip
    return dict(zip((f"FUZZ_{name}" for name in NAMES), real, strict=True))
