"""A job that loses its worker again and again is given up; it takes nobody with it."""

import signal

import pytest
from sqlalchemy import Select, select, update

from shared.jobs.models import ENDED, Event, Job, Status
from tests.chaos.api import Api
from tests.chaos.calm import Calm
from tests.chaos.checks import POISON
from tests.chaos.load import PATHS, Row, picture
from tests.chaos.outcomes import outcome
from tests.chaos.plan import LONG
from tests.chaos.processes import send
from tests.chaos.service import Service
from tests.support.stacks import wait_for

pytestmark = pytest.mark.timeout(400)

SECONDS = 120.0
# What is done to one attempt after the other.
KILLED_AND_PAUSED = ("kill", "pause", "kill", "kill")
KILLED_AND_STOPPED = ("kill", "stop", "kill", "kill")
# Too long an epoch to be finished: that would forgive the losses before it.
SLOW = {"epochs": 1, "max_windows": None, "batch_size": 4}


@pytest.mark.parametrize("fates", [KILLED_AND_PAUSED] + [KILLED_AND_STOPPED] * LONG)
def test_three_lost_workers_are_enough(
    service: Service, calm: Calm, fates: tuple[str, ...]
) -> None:
    """It fails when its third worker is killed; what was asked for is no loss; others go on."""
    order = calm.orders[0]
    with service.api() as api:
        name = f"{POISON}{fates[1]}"
        poison = _submit(api, f"{name} itself", order.body | SLOW)
        _allow_losses(service, poison, fates.count("kill"))
        good = _submit(api, f"{name}, another", order.body)
        for attempt, fate in enumerate(fates, 1):
            _meet(service, api, _running(service, poison, attempt), fate)
    wait_for(lambda: _rows(service)[poison].status in ENDED, SECONDS)
    with service.db.read() as session:
        job = session.get_one(Job, poison)
        lost = [event for event in session.scalars(_events(poison)) if "losses" in event.data]
    assert (job.status, job.error_code, job.attempt) == ("failed", "worker_lost", len(fates))
    assert [event.data["losses"] for event in lost] == [1, 2, 3]
    wait_for(lambda: _rows(service)[good].status in ENDED, SECONDS)
    assert outcome(service.db, good) == calm.undisturbed[order.name][1]


def _submit(api: Api, name: str, body: dict[str, object]) -> str:
    job_id: str = api.submit(PATHS["train"], name, body | {"name": name})["id"]
    return job_id


def _allow_losses(service: Service, job_id: str, losses: int) -> None:
    """Let a job be lost so often: this service allows any number, for the random faults."""
    with service.db.write() as session:
        session.execute(update(Job).where(Job.id == job_id).values(max_losses=losses))


def _running(service: Service, job_id: str, attempt: int) -> Row:
    """Return the job once this attempt runs."""

    def runs() -> bool:
        row = _rows(service)[job_id]
        return row.status == Status.RUNNING and row.attempt == attempt

    wait_for(runs, SECONDS)
    return _rows(service)[job_id]


def _meet(service: Service, api: Api, row: Row, fate: str) -> None:
    """Do to a running job what is due."""
    assert row.pid is not None
    if fate == "kill":
        send(signal.SIGKILL, [row.pid])
    elif fate == "pause":
        assert api.move(row.id, "pause")
        wait_for(lambda: _rows(service)[row.id].status == Status.PAUSED, SECONDS)
        assert api.move(row.id, "resume")
    else:
        parts = [service.part(name) for name in ("train", "train2")]
        send(signal.SIGTERM, [part.main for part in parts if part and row.pid in part.pool])


def _rows(service: Service) -> dict[str, Row]:
    rows = picture(service)
    assert rows is not None
    return rows


def _events(job_id: str) -> Select[Event]:
    return select(Event).where(Event.job_id == job_id).order_by(Event.seq)
