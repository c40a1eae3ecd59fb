"""Nodes come, tell what they have and do, and are drained."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import delete, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from shared.db import database_time, now
from shared.ids import new_id
from shared.nodes.models import Node

# As those of workers; but one that is to stay drained is not forgotten while it is away.
KEPT_SECONDS = 24 * 3600


@dataclass(frozen=True)
class Machine:
    """A node as one of its processes tells of it."""

    name: str
    devices: list[dict[str, Any]]
    cores: int
    memory: int | None
    versions: dict[str, str]
    labels: list[str]


@dataclass(frozen=True)
class Seen:
    """What a process hears when it has told of its node."""

    id: str
    # Whether it shall hand back what it runs.
    hand_back: bool


def see_node(
    session: Session, machine: Machine, load: dict[str, Any] | None, speed: float | None = None
) -> Seen:
    """Note that a node is there now and what it has; its first time, add it.

    Without a ``load`` and a ``speed``, which not every process measures, those of before stay.
    """
    told: dict[str, Any] = vars(machine) | {"seen_time": database_time()}
    told |= {} if load is None else {"load": load}
    told |= {} if speed is None else {"speed": speed}
    if found := _update(session, told):
        return found
    try:
        with session.begin_nested():
            fresh = {"load": {}, "speed": None} | told
            session.add(Node(id=new_id(), created_at=now(), **fresh))
    except IntegrityError:
        # Another of its processes was as quick.
        pass
    found = _update(session, told)
    if found is None:
        raise LookupError(f"node {machine.name} went while it was added")
    return found


def drain(session: Session, node: Node, hand_back: bool = False) -> Node:
    """Let a node's workers start nothing new; with ``hand_back`` what runs goes on elsewhere."""
    since = node.draining_since or now()
    return _change(session, node, draining=True, draining_since=since, hand_back=hand_back)


def undrain(session: Session, node: Node) -> Node:
    """Let a node's workers take jobs again."""
    return _change(session, node, draining=False, draining_since=None, hand_back=False)


def forget_old_nodes(session: Session) -> None:
    """Forget those that nobody has seen for a day, but for drained ones."""
    old = Node.seen_time < database_time() - KEPT_SECONDS
    session.execute(delete(Node).where(old, ~Node.draining))


def _update(session: Session, told: dict[str, Any]) -> Seen | None:
    statement = update(Node).where(Node.name == told["name"]).values(**told)
    row = session.execute(
        statement.returning(Node.id, Node.draining, Node.hand_back),
        execution_options={"synchronize_session": False},
    ).one_or_none()
    return Seen(row.id, row.draining and row.hand_back) if row else None


def _change(session: Session, node: Node, **values: Any) -> Node:
    statement = update(Node).where(Node.id == node.id).values(**values)
    session.execute(statement, execution_options={"synchronize_session": False})
    query = select(Node).where(Node.id == node.id)
    return session.scalars(query, execution_options={"populate_existing": True}).one()
