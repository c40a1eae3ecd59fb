"""Which waiting jobs a worker can serve, by what they ask of their node.

A claim first reads which keys wait, each once, however many jobs have it; then it looks along the
index of those that its worker can serve, and at no other job.
"""

import random
from typing import Any

from sqlalchemy import func, literal_column, select
from sqlalchemy.orm import Session, aliased

from shared.jobs.models import HAS_NEEDS, Job
from shared.nodes.needs import NO_NEEDS, Able, NodeNeeds

# A claim looks at so many keys at most, others each time: whoever lets a thousand jobs wait that
# each ask for something else holds nobody up, and none of them waits for ever.
MOST_KEYS = 50
# What is waiting, in the words of the index.
WAITS: tuple[Any, ...] = literal_column("status = 'queued'"), literal_column(HAS_NEEDS)


def served_keys(session: Session, queue: str, able: Able) -> list[str]:
    """Return the keys of a queue's waiting jobs that a worker can serve, that of none first."""
    served = [key for key in waiting_keys(session, queue) if able.serves(NodeNeeds.of(key))]
    return [NO_NEEDS, *(random.sample(served, MOST_KEYS) if len(served) > MOST_KEYS else served)]  # nosec B311


def waiting_keys(session: Session, queue: str) -> list[str]:
    """Return the needs that jobs of a queue wait with, each once.

    From one to the next along their index, so that a thousand jobs with one key are one step.
    """
    first = select(func.min(Job.needs_key).label("key")).where(Job.queue == queue, *WAITS)
    keys = first.cte("keys", recursive=True)
    before = aliased(keys)
    later = select(func.min(Job.needs_key)).where(Job.queue == queue, *WAITS)
    later = later.where(Job.needs_key > before.c.key).correlate(before)
    step = select(later.scalar_subquery()).where(before.c.key.is_not(None))
    keys = keys.union_all(step)
    return [key for key in session.scalars(select(keys.c.key)) if key is not None]
