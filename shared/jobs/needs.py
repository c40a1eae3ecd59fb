"""What a job may ask of the node that runs it, and which waiting jobs a worker can serve.

A job's row keeps its needs as one short text, its key: '' for none, as nearly all have it, else as
``gpu=1;memory=8000000000;label=a100``. A claim first reads which keys wait, each once, however many
jobs have it; then it looks along the index of those that its worker can serve, and at no other job.
"""

import random
from dataclasses import dataclass
from typing import Annotated, Any, Self

from pydantic import Field
from sqlalchemy import func, literal_column, select
from sqlalchemy.orm import Session, aliased

from shared.fields import Spec
from shared.jobs.models import HAS_NEEDS, Job
from shared.nodes.labels import LABEL

NO_NEEDS = ""
# A claim looks at so many keys at most, others each time: whoever lets a thousand jobs wait that
# each ask for something else holds nobody up, and none of them waits for ever.
MOST_KEYS = 50
# What is waiting, in the words of the index.
WAITS: tuple[Any, ...] = literal_column("status = 'queued'"), literal_column(HAS_NEEDS)


class NodeNeeds(Spec):
    """What a job asks of the node that runs it. Where none can serve it, it waits."""

    gpu: bool = Field(False, description="A worker that computes with a GPU.")
    memory_bytes: int | None = Field(
        None,
        ge=1,
        le=2**50,
        description="So much memory at least: of the card where a GPU is asked for, else of what "
        "the worker may hold.",
    )
    label: Annotated[str, Field(pattern=LABEL)] | None = Field(
        None, description="One of the node's labels: `CHARLOOM_NODE_LABELS` gives it some."
    )

    def key(self) -> str:
        """Return what a job's row keeps of it."""
        parts = {"gpu": int(self.gpu), "memory": self.memory_bytes, "label": self.label}
        return ";".join(f"{name}={value}" for name, value in parts.items() if value)

    @classmethod
    def of(cls, key: str) -> Self:
        """Return what a key says."""
        parts = dict(part.split("=", 1) for part in key.split(";") if part)
        memory = parts.get("memory")
        return cls(
            gpu="gpu" in parts,
            memory_bytes=None if memory is None else int(memory),
            label=parts.get("label"),
        )


@dataclass(frozen=True)
class Able:
    """What a worker can serve. ``memory`` and ``card`` are bytes, None where nobody knows."""

    node: str | None = None
    gpu: bool = False
    memory: int | None = None
    card: int | None = None
    labels: frozenset[str] = frozenset()

    def serves(self, needs: NodeNeeds) -> bool:
        """Tell whether it has what is asked for; memory that nobody knows is believed in."""
        most = self.card if needs.gpu else self.memory
        enough = needs.memory_bytes is None or most is None or needs.memory_bytes <= most
        named = needs.label is None or needs.label in self.labels
        return (self.gpu or not needs.gpu) and enough and named


# Who tells nothing of itself runs what asks for nothing.
PLAIN = Able()


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


def told(key: str) -> dict[str, Any] | None:
    """Return a job's needs as people read them; None of none."""
    return NodeNeeds.of(key).model_dump() if key else None
