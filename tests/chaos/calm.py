"""The undisturbed runs that all others are compared with."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from shared.corpora.sources import python_reference
from shared.jobs.models import Status
from tests.chaos.load import PATHS, Order, generation_orders, picture, training_orders
from tests.chaos.outcomes import Outcome, outcome
from tests.chaos.served import Served
from tests.support.stacks import wait_for

CHARACTERS = 20_000
SECONDS = 180


@dataclass(frozen=True)
class Calm:
    """The orders, and what undisturbed runs of them have left: job and outcome of each."""

    orders: list[Order]
    undisturbed: dict[str, tuple[str, Outcome]]


def run_undisturbed(service: Served, names: Sequence[str], changes: Mapping[str, Any]) -> Calm:
    """Run each of these training orders once, and all that write, before anything is broken."""
    with service.client() as client:
        corpus = client.add_corpus("reference", text=python_reference()[:CHARACTERS])
    training = training_orders(corpus["id"], names, changes)
    trained = _run(service, training)
    with service.client() as client:
        checkpoint = client.best_checkpoint(trained[names[0]][0])
    writing = generation_orders(checkpoint["id"])
    return Calm(training + writing, trained | _run(service, writing))


def _run(service: Served, orders: list[Order]) -> dict[str, tuple[str, Outcome]]:
    with service.api() as api:
        jobs = {o.name: api.submit(PATHS[o.kind], o.name, o.body)["id"] for o in orders}
    wait_for(lambda: _succeeded(service, set(jobs.values())), SECONDS)
    return {name: (job_id, outcome(service.db, job_id)) for name, job_id in jobs.items()}


def _succeeded(service: Served, jobs: set[str]) -> bool:
    rows = picture(service) or {}
    return all(rows[job].status == Status.SUCCEEDED for job in jobs) if rows else False
