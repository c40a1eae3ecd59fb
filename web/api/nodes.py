"""Nodes: which machines there are to run jobs, and draining them."""

from datetime import datetime
from typing import Any, Self

from apiflask import APIBlueprint
from flask import url_for
from pydantic import BaseModel, Field
from sqlalchemy.orm import Session

from shared.db import database_now
from shared.fields import Spec
from shared.nodes import models as rows
from shared.nodes.queries import get_node, list_nodes
from shared.nodes.services import drain as start_draining
from shared.nodes.services import undrain as end_draining
from web.api.inputs import PageQuery, takes
from web.api.schemas import Answer, Listed, row_fields
from web.context import services
from web.deeds import do

nodes = APIBlueprint("nodes", __name__, url_prefix="/api/v1/nodes", tag="Workers")


class Device(BaseModel):
    """What a node computes with."""

    kind: str = Field(description="`cpu` or `gpu`.")
    name: str
    memory: int | None = Field(description="Bytes.")


class Node(Answer):
    """A machine whose workers run jobs."""

    id: str
    name: str
    alive: bool = Field(description="Whether it was seen within a lease's time.")
    devices: list[Device]
    cores: int
    memory: int | None = Field(description="Bytes that its workers may hold together.")
    versions: dict[str, str] = Field(description="Of charloom, Python, TensorFlow, the driver.")
    speed: float | None = Field(
        description="Floating-point operations a second of all its cores, where measured."
    )
    labels: list[str] = Field(description="What jobs may ask for by name.")
    load: dict[str, Any] = Field(
        description="When it was seen last: `average` of one minute, `memory_free`, and of each "
        "GPU its `use` in percent and `memory_used`."
    )
    draining: bool = Field(description="Whether it starts nothing new.")
    draining_since: datetime | None
    created_at: datetime
    seen_at: datetime
    links: dict[str, str]

    @classmethod
    def of(cls, row: rows.Node, since: float) -> Self:
        """Return a node as it is told; it is alive if it was seen ``since`` a time."""
        links = {"self": url_for("nodes.show", node=row.name)}
        fields = row_fields(row, cls, "alive", "links")
        return cls(**fields, alive=row.seen_time >= since, links=links)


class NodePage(Listed):
    """Nodes, oldest first."""

    data: list[Node]


class DrainRequest(Spec):
    """How a node is drained."""

    now: bool = Field(
        False, description="Hand back what runs, too: it goes on elsewhere from its saved state."
    )


@nodes.get("")
@takes(nodes, PageQuery, "query")
@nodes.output(NodePage)
def index(query: PageQuery) -> NodePage:
    """List the machines that run jobs, oldest first.

    One that nobody has seen for a day is forgotten, unless it is drained.
    """
    with services().db.read() as session:
        found = list_nodes(session, after=query.after, limit=query.limit)
        since = _since(session)
        return NodePage(data=[Node.of(row, since) for row in found.data], has_more=found.has_more)


@nodes.get("/<node>")
@nodes.output(Node)
def show(node: str) -> Node:
    """Show a machine.

    It is named by its name, or by its id.
    """
    with services().db.read() as session:
        return Node.of(get_node(session, node), _since(session))


@nodes.post("/<node>/drain")
@takes(nodes, DrainRequest)
@nodes.output(Node)
def drain(node: str, body: DrainRequest) -> Node:
    """Let a node start nothing new.

    What runs there goes on to its end, unless `now` hands it back. So it stays, also when its
    workers are started anew.
    """

    def work(session: Session) -> rows.Node:
        return start_draining(session, get_node(session, node), body.now)

    return _told(do("nodes.drain", work, node=node, now=body.now))


@nodes.post("/<node>/undrain")
@nodes.output(Node)
def undrain(node: str) -> Node:
    """Let a node take jobs again.

    From the next ticket on.
    """

    def work(session: Session) -> rows.Node:
        return end_draining(session, get_node(session, node))

    return _told(do("nodes.undrain", work, node=node))


def _told(row: rows.Node) -> Node:
    with services().db.read() as session:
        return Node.of(row, _since(session))


def _since(session: Session) -> float:
    return database_now(session).timestamp() - services().settings.lease_seconds
