"""Whose turn it is: teams share a queue fairly, however many jobs each of them has.

Start-time fair queueing (Goyal, Vin and Cheng, 1996), with a job as the unit. ``at`` of a team's
row counts the turns that it took on a queue; the queue's virtual time is the start of the latest
turn, the greatest ``at`` less one. A team's next turn starts at its own count or at the virtual
time, whichever is later: so one that comes late, or could not run for long, has nothing to make up
for and nothing saved up. The earliest start goes first, and of equal ones the oldest job.

    A has 200 jobs and took 99 turns; B comes: B's turn starts at 98, A's at 99. B, A, B, A, ...

Nothing is stamped on jobs, so nothing is out of date: a resumed, retried or handed back job is one
of its team's as any other. A claim looks once at each team, never at each job.
"""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Select, case, func, literal, select, union_all
from sqlalchemy.orm import Session, aliased
from sqlalchemy.sql.elements import ColumnElement
from sqlalchemy.sql.selectable import ScalarSelect

from shared.accounts.models import Team
from shared.jobs.models import Job, Status, Turn
from shared.nodes.needs import NO_NEEDS

# The lock of a team's row, which whoever only refers to the team does not wait for.
LOCK: dict[str, Any] = {"of": Team, "key_share": True}
PLAIN_KEYS = (NO_NEEDS,)


def take_turn(
    session: Session, queue: str, most_running: int, keys: Sequence[str] = PLAIN_KEYS
) -> str | None:
    """Return the team whose turn it is, its row locked until the transaction ends, or None.

    It has a job that waits, with needs of one of ``keys``, and fewer that run than it may have:
    under the lock both stay true.
    """
    query, waits = teams_in_turn(queue, most_running, keys), False
    locked: set[str] = set()
    while True:
        # Another worker's claim holds a team's row for a moment: others' jobs come first then.
        lock = query.with_for_update(**LOCK, skip_locked=not waits)
        team_id: str | None = session.scalar(lock)
        if team_id is None and (waits or locked):
            return None
        if team_id is None:
            waits = True
        elif team_id in locked or _still(session, query, team_id):
            return team_id
        else:
            locked.add(team_id)


def count_turn(session: Session, queue: str, team_id: str) -> None:
    """Count a turn of a team whose row is locked."""
    own = select(Turn.at).where(Turn.team_id == team_id, Turn.queue == queue)
    virtual, at = session.execute(select(_virtual(queue), own.scalar_subquery())).one()
    session.merge(Turn(team_id=team_id, queue=queue, at=max(virtual, at or 0) + 1))


def best_of(team_id: Any, queue: str, key: Any = NO_NEEDS) -> Select[Any]:
    """Return the query of a team's first job with these needs: the highest priority, then the
    oldest."""
    first = aliased(Job)
    waiting = (first.team_id == team_id, first.queue == queue, first.status == Status.QUEUED)
    query = select(first.id).where(*waiting, first.needs_key == key)
    return query.order_by(first.priority.desc(), first.id).limit(1)


def best_key(session: Session, team_id: str, queue: str, keys: Sequence[str]) -> str:
    """Return the needs of a team's first job, of those that a worker can serve."""
    if len(keys) == 1:
        return keys[0]
    return session.scalar(_best_of_all(team_id, queue, keys, Job.needs_key)) or keys[0]


def _best_of_all(team_id: Any, queue: str, keys: Sequence[str], what: Any) -> Select[Any]:
    """Return the query of a team's first job whatever its needs: the best of each key's first."""
    served = union_all(*(select(literal(key).label("key")) for key in keys)).subquery("served")
    best = best_of(team_id, queue, served.c.key).correlate(served, Team).scalar_subquery()
    query = select(what).select_from(served).join(Job, Job.id == best)
    return query.order_by(Job.priority.desc(), Job.id).limit(1)


def teams_in_turn(queue: str, most_running: int, keys: Sequence[str] = PLAIN_KEYS) -> Select[Any]:
    """Return the query of the team whose turn it is: see ``take_turn``."""
    if len(keys) == 1:
        best = best_of(Team.id, queue, keys[0]).correlate(Team).scalar_subquery()
    else:
        best = _best_of_all(Team.id, queue, keys, Job.id).correlate(Team).scalar_subquery()
    return _in_turn(queue, most_running).where(best.is_not(None)).order_by(best).limit(1)


def teams_with_needs(queue: str, most_running: int) -> Select[Any]:
    """Return the query of the teams whose waiting jobs ask something of their node, by turns."""
    needy = (Job.status == Status.QUEUED, Job.queue == queue, Job.needs_key > NO_NEEDS)
    waits = select(Job.id).where(Job.team_id == Team.id, *needy).correlate(Team).exists()
    return _in_turn(queue, most_running).where(waits).order_by(Team.id)


def _in_turn(queue: str, most_running: int) -> Select[Any]:
    """Return the query of the teams of which one more job may run, by the start of their turns."""
    running = select(func.count()).where(Job.team_id == Team.id, Job.status == Status.RUNNING)
    most = func.coalesce(Team.most_running_jobs, most_running)
    return (
        select(Team.id)
        .outerjoin(Turn, (Turn.team_id == Team.id) & (Turn.queue == queue))
        .where(running.correlate(Team).scalar_subquery() < most)
        .order_by(_start(queue))
    )


def _start(queue: str) -> ColumnElement[int]:
    """Return where a team's next turn starts."""
    virtual, own = _virtual(queue), func.coalesce(Turn.at, 0)
    return case((own > virtual, own), else_=virtual)


def _virtual(queue: str) -> ScalarSelect[int]:
    """Return where the latest turn of a queue started."""
    other = Turn.__table__.alias("others")
    latest = select(func.coalesce(func.max(other.c.at), 1) - 1).where(other.c.queue == queue)
    return latest.scalar_subquery()


def _still(session: Session, query: Select[Any], team_id: str) -> bool:
    """Tell whether it is true of a team that was just locked: it may be looked at too early."""
    return session.scalar(query.where(Team.id == team_id)) is not None
