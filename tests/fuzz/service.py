"""The web server as it is run, over a database that has some of everything; no worker runs.

So jobs that are submitted stay queued and cost nothing, and nothing is sent to anybody.
"""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

from cli.child import ROOT
from cli.parts import web_part
from shared.accounts.models import DEFAULT_TEAM_ID
from shared.db import Database, database_now, now
from shared.ids import new_id
from shared.jobs.requests import TrainingPlan
from shared.jobs.services import succeed
from shared.models.models import NamedModel
from shared.models.services import promote, work_for
from shared.notices.services import add_receiver, send_test
from shared.schedules.requests import ScheduleRequest
from shared.schedules.services import add_schedule, run_now
from shared.workers.services import Process, see
from tests.conftest import NO_BROKER
from tests.integration.api.outputs import add_output
from tests.support.factories import (
    WORKER,
    claim_job,
    make_checkpoint,
    make_corpus,
    make_generation_job,
    make_standing_job,
)
from tests.support.servers import free_port
from tests.support.stacks import wait_for
from web.api import examples

TOKEN = "fuzz-token"
# A queued one comes last: each of the others is claimed on its way.
STATUSES = ("running", "paused", "failed", "cancelled", "queued")


@contextmanager
def running_web(database_url: str, log: Path) -> Iterator[str]:
    """Run the web server on a free port; yield its address."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    with log.open("wb") as output:
        process = subprocess.Popen(
            web_part("127.0.0.1", port).argv, env=_environment(database_url), cwd=ROOT,
            stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT,
        )  # fmt: skip
    try:
        wait_for(lambda: _ready(url), 60)
        yield url
    finally:
        process.terminate()
        process.wait(20)


def fill(db: Database) -> dict[str, str]:
    """Put some of everything into the database; return ids instead of the examples' ones."""
    checkpoint = make_checkpoint(db)
    corpus = make_corpus(db, name="another")
    for status in STATUSES:
        make_standing_job(db, status)
    lease = claim_job(db, make_generation_job(db, checkpoint))
    for number, text in enumerate(("one", "two " * 50_000, "three"), 1):
        add_output(db, lease, number, text)
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
    return {
        examples.CORPUS_ID: corpus.id,
        examples.VERSION_ID: corpus.latest_version.id,
        examples.JOB_ID: checkpoint.job_id,
        examples.CHECKPOINT_ID: checkpoint.id,
        examples.WRITING_ID: lease.job_id,
        examples.SCHEDULE_ID: schedule.id,
        examples.RECEIVER_ID: receiver.id,
    }


def _environment(database_url: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("CHARLOOM_")}
    return kept | {
        "CHARLOOM_DATABASE_URL": database_url,
        "CHARLOOM_REDIS_URL": NO_BROKER,
        "CHARLOOM_TOKEN": TOKEN,
        "CHARLOOM_SECRET_KEY": "fuzz-secret-key",
        # Nobody is asked for anything: what would be asked has no time to answer.
        "CHARLOOM_FETCH_SECONDS": "0.5",
        "CHARLOOM_SHAKESPEARE_URL": "http://127.0.0.1:1/shakespeare.txt",
        "CHARLOOM_MAX_UPLOAD_BYTES": "1000000",
        "PYTHONPATH": os.pathsep.join(sys.path),
    }


def _ready(url: str) -> bool:
    try:
        return httpx.get(f"{url}/readyz").status_code == 200
    except httpx.TransportError:
        return False
