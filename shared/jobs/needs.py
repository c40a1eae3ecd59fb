"""Which waiting jobs a worker can serve, by what they ask of their node.

A claim first reads which keys wait, each once, however many jobs have it; then it looks along the
index of those that its worker can serve, and at no other job.

It looks at so many keys at most. Where more wait, at those of the teams whose turn it is: a team
with many keys holds up neither another team nor the claim.
"""

import random
from collections.abc import Sequence
from typing import Any

from sqlalchemy import func, literal, literal_column, select
from sqlalchemy.orm import Session, aliased

from shared.accounts.models import Team
from shared.errors import QuotaExceeded
from shared.jobs.models import HAS_NEEDS, Job
from shared.jobs.turns import teams_with_needs
from shared.limits.models import LIMITS
from shared.nodes.needs import NO_NEEDS, Able, NodeNeeds
from shared.said import said

# So many keys a team may have waiting on a queue; what a worker hands back comes on top.
MOST_ASKED = 20
# So many keys a claim reads, and so many of each team where more wait.
MOST_KEYS = 50
# Teams whose keys are read at once.
TEAMS_AT_ONCE = 50
# What is waiting, in the words of the index.
WAITS: tuple[Any, ...] = literal_column("status = 'queued'"), literal_column(HAS_NEEDS)


def check_needs(session: Session, team_id: str, queue: str, key: str) -> None:
    """Refuse one more need where a team has all that may wait. Raises ``QuotaExceeded``.

    Its row is locked.
    """
    waiting = [] if key == NO_NEEDS else _keys_of(session, queue, [team_id]).get(team_id, [])
    if len(waiting) < MOST_ASKED or key in waiting:
        return
    raise QuotaExceeded(
        said(
            "this job asks for {key}, and jobs of this team wait with {most} other needs, which is "
            "the most: ask for what another one asks for, wait until some have begun, or cancel "
            "some",
            key=key,
            most=MOST_ASKED,
        )
    )


def served_keys(
    session: Session, queue: str, able: Able, most_running: int = LIMITS.running_jobs
) -> list[str]:
    """Return the keys of a queue's waiting jobs that a worker can serve, that of none first."""
    waiting = waiting_keys(session, queue, MOST_KEYS + 1)
    if len(waiting) > MOST_KEYS:
        return [NO_NEEDS, *_served_in_turn(session, queue, able, most_running)]
    return [NO_NEEDS, *_served(waiting, able)]


def waiting_keys(session: Session, queue: str, most: int | None = None) -> list[str]:
    """Return the needs that jobs of a queue wait with, each once, up to ``most`` where it is given.

    From one to the next along their index, so that a thousand jobs with one key are one step.
    """
    found = select(func.min(Job.needs_key)).where(Job.queue == queue, *WAITS)
    first = select(found.scalar_subquery().label("key"), literal(1).label("number"))
    keys = first.cte("keys", recursive=True)
    before = aliased(keys)
    later = found.where(Job.needs_key > before.c.key).correlate(before).scalar_subquery()
    step = select(later, before.c.number + 1).where(before.c.key.is_not(None))
    if most is not None:
        step = step.where(before.c.number < most)
    keys = keys.union_all(step)
    return [key for key in session.scalars(select(keys.c.key)) if key is not None]


def _served(keys: Sequence[str], able: Able) -> list[str]:
    return [key for key in keys if able.serves(NodeNeeds.of(key))]


def _served_in_turn(session: Session, queue: str, able: Able, most_running: int) -> list[str]:
    """Return the keys that a worker can serve of the teams whose turn it is: all of a team that has
    as many as it may, and of the teams after it as long as there is room."""
    teams = session.scalars(teams_with_needs(queue, most_running)).all()
    found: set[str] = set()
    for first in range(0, len(teams), TEAMS_AT_ONCE):
        some = teams[first : first + TEAMS_AT_ONCE]
        keys = _keys_of(session, queue, some)
        for team_id in some:
            served = _served(keys.get(team_id, []), able)
            more = found.union(random.sample(served, min(MOST_ASKED, len(served))))  # nosec B311
            if len(more) > MOST_ASKED:
                return sorted(found)
            found = more
    return sorted(found)


def _keys_of(session: Session, queue: str, teams: Sequence[str]) -> dict[str, list[str]]:
    """Return what teams' waiting jobs ask for, each key once, up to ``MOST_KEYS`` of a team.

    As ``waiting_keys``, from one to the next. Of a team with more, those of some jobs, others each
    time: none of them waits for ever.
    """
    least = select(func.min(Job.needs_key)).where(Job.queue == queue, *WAITS)
    own = least.where(Job.team_id == Team.id).correlate(Team).scalar_subquery()
    first = select(Team.id.label("team_id"), own.label("key"), literal(1).label("number"))
    keys = first.where(Team.id.in_(teams)).cte("keys", recursive=True)
    before = aliased(keys)
    later = least.where(Job.team_id == before.c.team_id, Job.needs_key > before.c.key)
    step = select(before.c.team_id, later.correlate(before).scalar_subquery(), before.c.number + 1)
    keys = keys.union_all(step.where(before.c.key.is_not(None), before.c.number <= MOST_KEYS))
    found: dict[str, list[str]] = {}
    for team_id, key in session.execute(select(keys.c.team_id, keys.c.key)):
        if key is not None:
            found.setdefault(team_id, []).append(key)
    too_many = [team_id for team_id, its in found.items() if len(its) > MOST_KEYS]
    return found | {team_id: _some_keys(session, queue, team_id) for team_id in too_many}


def _some_keys(session: Session, queue: str, team_id: str) -> list[str]:
    """Return what some of a team's waiting jobs ask for."""
    its = select(Job.needs_key).where(Job.team_id == team_id, Job.queue == queue, *WAITS)
    return sorted(set(session.scalars(its.order_by(func.random()).limit(MOST_KEYS))))
