"""Reading which nodes there are, what runs there, and which of them take no jobs."""

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from shared.db import database_time
from shared.errors import NotFound
from shared.ids import is_id
from shared.jobs.models import Job, Status
from shared.nodes.models import Node
from shared.pages import DEFAULT_LIMIT, Page, page
from shared.said import said
from shared.workers.models import Worker


def list_nodes(
    session: Session, *, after: str | None = None, limit: int = DEFAULT_LIMIT
) -> Page[Node]:
    """Return the nodes, those that were seen first coming first."""
    return page(session, select(Node), Node.id, after=after, limit=limit)


def get_node(session: Session, named: str) -> Node:
    """Return the node of a name, or of an id. Raises ``NotFound``."""
    node = session.scalar(select(Node).where(Node.name == named))
    if node is None and is_id(named):
        node = session.get(Node, named)
    if node is None:
        raise NotFound(said("no node is called {name}", name=repr(named)))
    return node


def is_draining(session: Session, name: str | None) -> bool:
    """Tell whether a node takes no jobs; its row stays locked, so that draining waits for a claim
    that is under way, and none begins that has not heard of it."""
    if name is None:
        return False
    query = select(Node.draining).where(Node.name == name).with_for_update(read=True)
    return bool(session.scalar(query))


def any_drains(session: Session) -> bool:
    """Tell whether some node takes no jobs."""
    return session.scalar(select(Node.id).where(Node.draining).limit(1)) is not None


@dataclass(frozen=True)
class Running:
    """A worker of a node, the job that it runs, and whether it was seen within a lease's time."""

    worker: Worker
    job: Job | None
    alive: bool


def running_on(
    session: Session, nodes: Iterable[Node], lease_seconds: float
) -> dict[str, list[Running]]:
    """Return the workers of some nodes, by the nodes' ids, each with what it runs."""
    ids = [node.id for node in nodes]
    since = session.scalars(select(database_time())).one() - lease_seconds
    held = (Job.worker == Worker.name) & (Job.status == Status.RUNNING)
    query = select(Worker, Job).outerjoin(Job, held).where(Worker.node_id.in_(ids))
    found: dict[str, list[Running]] = {node_id: [] for node_id in ids}
    for worker, job in session.execute(query.order_by(Worker.id)):
        found[str(worker.node_id)].append(Running(worker, job, worker.seen_time >= since))
    return found
