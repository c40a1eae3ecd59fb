"""Why a job waits that no worker alive can serve."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from hashlib import sha256

from sqlalchemy import select
from sqlalchemy.orm import Session

from shared.db import database_time
from shared.jobs.models import Job, Status
from shared.nodes.models import Node
from shared.nodes.needs import Able, NodeNeeds
from shared.said import Said, said
from shared.workers.models import Worker

# So many nodes are named; others are only counted.
MOST_NAMED = 4


@dataclass(frozen=True)
class Place:
    """A worker that is alive: the queues it takes jobs from, what it can serve, if it may."""

    worker: str
    queues: tuple[str, ...]
    able: Able
    draining: bool


@dataclass(frozen=True)
class Fleet:
    """The workers that are alive."""

    places: tuple[Place, ...]

    @property
    def mark(self) -> str:
        """Short text that differs whenever what is said of waiting jobs may."""
        return sha256(repr(self.places).encode()).hexdigest()[:16]

    def reason(self, job: Job) -> Said | None:
        """Return why a job waits; None where some worker can take it, or it does not wait."""
        if job.status != Status.QUEUED:
            return None
        there = [place for place in self.places if job.queue in place.queues]
        if not there:
            return _nobody(job.queue)
        needs = NodeNeeds.of(job.needs_key)
        able = [place for place in there if place.able.serves(needs)]
        if not able:
            return said(
                "waits for a node with {asked}; there are: {nodes}",
                asked=asked_words(needs),
                nodes=_named(there),
            )
        return None if any(not place.draining for place in able) else _draining(able)

    def serving(self, queue: str, keys: Iterable[str]) -> set[str]:
        """Return the workers that may take a job of a queue that has one of these needs."""
        needs = [NodeNeeds.of(key) for key in keys]
        return {
            place.worker
            for place in self.places
            if queue in place.queues
            and not place.draining
            and any(place.able.serves(need) for need in needs)
        }


def read_fleet(session: Session, lease_seconds: float) -> Fleet:
    """Return the workers that were seen within a lease's time."""
    alive = Worker.seen_time >= database_time() - lease_seconds
    query = select(Worker, Node).outerjoin(Node, Worker.node_id == Node.id).where(alive)
    rows = session.execute(query.order_by(Worker.name)).all()
    return Fleet(tuple(_place(worker, node) for worker, node in rows))


def able_of(worker: Worker, node: Node | None) -> Able:
    """Return what a worker can serve, as its rows tell."""
    return Able(
        node=node.name if node else worker.host,
        gpu=worker.device.startswith("gpu"),
        memory=worker.memory,
        card=worker.device_memory,
        labels=frozenset(node.labels) if node else frozenset(),
    )


def _place(worker: Worker, node: Node | None) -> Place:
    return Place(
        worker.name, tuple(worker.queues), able_of(worker, node), bool(node and node.draining)
    )


def _nobody(queue: str) -> Said:
    if queue == "train":
        return said("no worker that trains is there")
    return said("no worker that writes is there")


def asked_words(needs: NodeNeeds) -> Said:
    """Return what a job asks for, in words; it asks for something."""
    parts = [said("a GPU")] if needs.gpu else []
    if needs.memory_bytes is not None:
        parts.append(said("{size} of memory", size=_size(needs.memory_bytes)))
    if needs.label is not None:
        parts.append(said("the label {label}", label=needs.label))
    told = parts[0]
    for part in parts[1:]:
        told = said("{first} and {second}", first=told, second=part)
    return told


def _draining(able: Sequence[Place]) -> Said:
    names = sorted({place.able.node or "" for place in able})
    if len(names) == 1:
        return said("the node that could run it is draining: {node}", node=names[0])
    named = ", ".join(names[:MOST_NAMED])
    return said("the nodes that could run it are draining: {nodes}", nodes=named)


def _named(there: Sequence[Place]) -> str:
    """Return what nodes have: their best worker of the queue."""
    best = {place.able.node: place.able for place in sorted(there, key=lambda one: one.able.gpu)}
    told = [f"{name} ({_has(able)})" for name, able in best.items()]
    more = f", + {len(told) - MOST_NAMED}" if len(told) > MOST_NAMED else ""
    return ", ".join(told[:MOST_NAMED]) + more


def _has(able: Able) -> str:
    memory = able.card if able.gpu else able.memory
    size = [] if memory is None else [_size(memory)]
    return " · ".join(["GPU" if able.gpu else "CPU", *size, *sorted(able.labels)])


def _size(count: int) -> str:
    return f"{count / 1e9:,.1f} GB"
