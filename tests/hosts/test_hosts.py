"""Hosts that lose each other, or their power: no job is lost, none runs twice, nothing changes."""

import os
import time

import pytest

from shared.jobs.models import ENDED
from tests.chaos.calm import Calm
from tests.chaos.checks import check_jobs
from tests.chaos.load import Picture, Row, Supply, picture
from tests.chaos.recovery import GoOn
from tests.chaos.report import REFUSED, publish, totals, unexpected
from tests.chaos.service import LEASE_SECONDS
from tests.hosts.service import Service
from tests.support.stacks import wait_for

pytestmark = pytest.mark.timeout(900)

# By `make hosts`; `HOSTS=short` runs those that are there by the time that all hosts are back.
LEAST_JOBS = 30 if os.environ.get("HOSTS") == "long" else 12
SECONDS = 300.0


def test_hosts_that_come_and_go_change_nothing(service: Service, calm: Calm) -> None:
    """One worker is cut off for longer than its lease, one loses its power, one has a slow link."""
    supply = Supply(service, calm.orders, LEAST_JOBS)
    with supply.running():
        service.hosts["worker3"].slow()
        _cut_and_kill(service, "worker1", "worker2")
    wait_for(lambda: {row.status for row in _rows(service).values()} <= set(ENDED), SECONDS)
    said = service.said()
    publish(totals(service.db, said, supply.sent_twice))
    assert len(supply.submitted) >= LEAST_JOBS
    complaints = check_jobs(service.db, supply.submitted, calm.undisturbed) + unexpected(said)
    assert not complaints, "\n".join(complaints)


def _cut_and_kill(service: Service, first: str, second: str) -> None:
    """Do the worst to two of three workers at once, then bring them back."""
    cut = _catch(service, first)
    since = time.monotonic()
    killed = _catch(service, second)
    service.hosts[second].lose_power()
    gone_on = GoOn([cut, killed])
    wait_for(lambda: gone_on(_rows(service)), SECONDS)
    time.sleep(max(0, since + 2 * LEASE_SECONDS - time.monotonic()))
    _bring_back(service, first, second)
    assert all(_rows(service)[row.id].attempt > row.attempt for row in (cut, killed))


def _bring_back(service: Service, cut: str, killed: str) -> None:
    """Let both go on; the one that was cut off has to be refused, and each takes jobs again."""
    begun = {name: service.begun(name) for name in (cut, killed)}
    refused = service.hosts[cut].said().count(REFUSED)
    service.hosts[cut].mend()
    service.hosts[killed].start_again()
    # It has worked on, and hears only now that the job is no longer its own.
    wait_for(lambda: service.hosts[cut].said().count(REFUSED) > refused, SECONDS)
    wait_for(lambda: all(service.begun(name) > begun[name] for name in begun), SECONDS)


def _catch(service: Service, host: str) -> Row:
    """Cut a host off while it trains; return the job."""
    while True:
        wait_for(lambda: any(row.fraction > 0 for row in service.running(host)), SECONDS)
        service.hosts[host].cut()
        # It has had no say since: what it ran may have ended just before.
        if rows := service.running(host):
            return rows[0]
        service.hosts[host].mend()


def _rows(service: Service) -> Picture:
    rows = picture(service)
    assert rows, "the database is away, which nothing was done to"
    return rows
