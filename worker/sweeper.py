"""What beat has done every few seconds: so that nothing waits for ever."""

import time
from dataclasses import dataclass, field

import structlog
from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from shared.accounts.audit import forget_entries
from shared.blob_ends import DELETED, Reclaiming
from shared.db import database_time, is_away
from shared.errors import StoreAway
from shared.jobs.answers import forget
from shared.jobs.needs import waiting_keys
from shared.jobs.queries import any_waits, at_work, queued_by_queue
from shared.jobs.services import expire
from shared.nodes.needs import NO_NEEDS
from shared.nodes.queries import any_drains
from shared.nodes.services import forget_old_nodes
from shared.nodes.waiting import read_fleet
from shared.rounds import note_round
from shared.workers.queries import count_alive
from shared.workers.services import forget_old
from worker.node import Node

log = structlog.get_logger(__name__)

# Tickets of one queue that are out at most, or two for each worker where those are more: workers
# claim again after each job, so these wake every one of them, however many jobs wait.
MOST_TICKETS = 16
AWAY_SECONDS = 60.0
# A round that still finds blobs to delete after so long leaves the others to the next one.
RECLAIM_SECONDS = 1.0


@dataclass
class Rounds:
    """When this process swept last and when it may judge leases, in the database's time."""

    last: float = float("-inf")
    quiet_until: float = float("-inf")
    # By this machine's monotonic clock.
    next_reclaim: float = float("-inf")
    blobs: Reclaiming = field(default_factory=Reclaiming)


_rounds = Rounds()


def sweep(node: Node, rounds: Rounds = _rounds) -> None:
    """Take back jobs whose lease ran out, top tickets up, delete what is old or nobody's.

    While the database is away there is nothing to be done: the next round comes soon.
    """
    try:
        _sweep(node, rounds)
    except SQLAlchemyError as error:
        if not is_away(error):
            raise
        log.warning("round put off: the database is away", error=str(error))


def _sweep(node: Node, rounds: Rounds) -> None:
    awake = may_expire(node, rounds)
    if awake:
        with node.db.write() as session:
            jobs = expire(session)
            forget_old(session)
            forget_old_nodes(session)
        for job in jobs:
            log.warning("lease ran out", job=job.id, status=job.status, losses=job.losses)
    top_up(node)
    if gone := forget(node.db, node.settings.answer_seconds):
        log.info("answers deleted", count=gone)
    if awake:
        _reclaim(node, rounds)
    if gone := forget_entries(node.db, node.settings.audit_days):
        log.info("entries of the audit log deleted", count=gone)
    node.db.shrink()
    note_round(node.settings.redis_url)


def _reclaim(node: Node, rounds: Rounds) -> None:
    """Delete blobs that are nobody's; not for a while where their store is away.

    Each try may take seconds then, and leases are judged only where rounds come in time.
    """
    if time.monotonic() < rounds.next_reclaim:
        return
    try:
        if freed := _freed(node, rounds.blobs):
            log.info("blobs reclaimed", count=freed)
    except StoreAway as error:
        rounds.next_reclaim = time.monotonic() + AWAY_SECONDS
        log.warning("no blobs reclaimed for now: their store is away", error=str(error))


def _freed(node: Node, blobs: Reclaiming) -> int:
    """Delete blobs for a moment, where many are to go, as when a team is deleted."""
    until, freed = time.monotonic() + RECLAIM_SECONDS, 0
    while True:
        gone = blobs.round(node.db, node.settings.blob_grace_seconds)
        freed += gone
        if gone < DELETED or time.monotonic() >= until:
            return freed


def may_expire(node: Node, rounds: Rounds) -> bool:
    """Tell whether times may be judged: not within one lease after a start or an outage.

    After a laptop's sleep or a database's outage every lease looks late, though its worker lives
    and is about to renew it; and so do bytes to which it is about to refer.
    """
    with node.db.read() as session:
        now = session.scalars(select(database_time())).one()
    lease = node.settings.lease_seconds
    if now - rounds.last > node.settings.sweep_seconds + lease / 2:
        rounds.quiet_until = now + lease
    rounds.last = now
    return now >= rounds.quiet_until


def top_up(node: Node) -> None:
    """Send tickets for waiting jobs that have none, as after a broker's loss."""
    with node.db.read() as session:
        alive = count_alive(session, node.settings.lease_seconds)
        most = max(MOST_TICKETS, 2 * max(alive.values(), default=0))
        wanted = {
            queue: _wanted(session, node.settings.lease_seconds, queue, count, most)
            for queue, count in queued_by_queue(session, most).items()
        }
    for queue, count in wanted.items():
        out = node.db.tickets.waiting(queue)
        if out is None:
            return
        for _ in range(count - out):
            node.db.tickets.send(queue)


def _wanted(session: Session, lease_seconds: float, queue: str, count: int, most: int) -> int:
    """Return how many tickets shall be out for the ``count`` jobs that wait on a queue.

    Where not every worker may take them, whoever takes a ticket may not be the one: there are
    ``most``, which wakes each of them; none where all that could serve them are at work, as they
    look for the next job themselves.
    """
    keys = waiting_keys(session, queue)
    if not keys and not any_drains(session):
        return min(count, most)
    if any_waits(session, queue, NO_NEEDS):
        keys = [NO_NEEDS, *keys]
    able = read_fleet(session, lease_seconds).serving(queue, keys)
    return most if able - at_work(session) else 0
