"""Random faults while jobs run: none is lost, none runs twice, and no result changes."""

import random

import pytest

from tests.chaos.calm import Calm
from tests.chaos.campaign import Campaign
from tests.chaos.checks import check_jobs, lost_by_sigterm
from tests.chaos.kinds import TERMINATE, Deck
from tests.chaos.load import Supply
from tests.chaos.plan import LONG, PLAN
from tests.chaos.report import publish, table, totals, unexpected
from tests.chaos.scene import Scene
from tests.chaos.service import Service

pytestmark = pytest.mark.timeout(1800 if LONG else 600)


def test_no_fault_changes_what_jobs_leave(
    service: Service, calm: Calm, deck: Deck, rng: random.Random
) -> None:
    """Every job ends as it would have undisturbed, whatever is killed, frozen or taken away."""
    supply = Supply(service, calm.orders, PLAN.jobs)
    campaign = Campaign(Scene(service, rng, LONG), supply, deck, PLAN)
    try:
        campaign.run()
    finally:
        said = service.said()
        if campaign.faults:
            publish(table(service.backend, campaign.faults))
    publish(totals(service.db, said, supply.sent_twice))
    alone = [fault for fault in campaign.faults if fault.kind == TERMINATE]
    asked = [(row.id, row.attempt) for fault in alone for row in fault.hit]
    complaints = check_jobs(service.db, supply.submitted, calm.undisturbed)
    complaints += lost_by_sigterm(service.db, asked) + unexpected(said)
    assert not complaints, "\n".join(complaints)
