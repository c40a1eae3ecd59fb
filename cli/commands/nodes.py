"""``charloom node``: the machines that run jobs."""

from typing import TYPE_CHECKING, Any

import click

from cli.commands.options import ApiGroup, speaks

if TYPE_CHECKING:
    from cli.commands.session import Session

COLUMNS = ("name", "state", "cores", "gpus", "memory", "load", "labels", "seen")


@click.group(cls=ApiGroup)
def node() -> None:
    """The machines that run jobs. NAME is a node's name, as `charloom node list` tells it."""


@node.command("list")
@speaks()
def list_(session: "Session") -> None:
    """List the nodes, oldest first, with what they have and do."""
    rows = list(session.client.nodes())
    if session.as_json:
        session.document(rows)
    else:
        session.table(COLUMNS, (_row(row) for row in rows))


@node.command()
@click.argument("name")
@click.option("--now", is_flag=True, help="Hand back what runs there: it goes on elsewhere.")
@speaks()
def drain(session: "Session", name: str, now: bool) -> None:
    """Let a node start nothing new; what runs there goes on to its end."""
    changed = session.client.drain_node(name, now)
    handed_back = ", and what runs there is handed back" if now else ""
    session.done(changed, f"{changed['name']} is draining: it starts nothing new{handed_back}.")


@node.command()
@click.argument("name")
@speaks()
def undrain(session: "Session", name: str) -> None:
    """Let a node take jobs again."""
    changed = session.client.undrain_node(name)
    session.done(changed, f"{changed['name']} takes jobs again.")


def _row(row: dict[str, Any]) -> tuple[Any, ...]:
    from cli.commands.showing import moment

    state = "draining" if row["draining"] else "alive" if row["alive"] else "away"
    gpus = [device["name"] for device in row["devices"] if device["kind"] == "gpu"]
    memory = "" if row["memory"] is None else f"{row['memory'] / 1e9:,.1f} GB"
    average = row["load"].get("average")
    load = "" if average is None else average
    labels = " ".join(row["labels"])
    return (row["name"], state, row["cores"], len(gpus), memory, load, labels,
            moment(row["seen_at"]))  # fmt: skip
