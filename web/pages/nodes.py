"""The machines that run jobs, as administrators see them: who runs what, and draining."""

from dataclasses import dataclass
from typing import Any

from apiflask import APIBlueprint
from flask import flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from shared.accounts.queries import list_teams
from shared.db import database_now
from shared.nodes.models import Node
from shared.nodes.queries import Running, get_node, list_nodes, running_on
from shared.nodes.services import drain as start_draining
from shared.nodes.services import undrain as end_draining
from shared.pages import MAX_LIMIT
from web.context import services
from web.deeds import do
from web.messages import _
from web.pages import words
from web.pages.paging import asked_after

nodes = APIBlueprint("nodes", __name__, url_prefix="/nodes", enable_openapi=False)

PAGE = 20


@dataclass(frozen=True)
class Card:
    """A node as its page shows it."""

    node: Node
    alive: bool
    running: list[Running]
    facts: list[tuple[str, str]]
    gpus: list[dict[str, str]]


@nodes.get("")
def index() -> ResponseReturnValue:
    """List the nodes, oldest first, each with its workers and what they run."""
    after, lease = asked_after(), services().settings.lease_seconds
    with services().db.read() as session:
        page = list_nodes(session, after=after, limit=PAGE)
        running = running_on(session, page.data, lease)
        since = database_now(session).timestamp() - lease
        teams = {team.id: team.name for team in list_teams(session, limit=MAX_LIMIT).data}
    cards = [_card(node, node.seen_time >= since, running[node.id]) for node in page.data]
    return render_template("nodes.html", cards=cards, page=page, after=after, teams=teams)


@nodes.post("/<node>/drain")
def drain(node: str) -> ResponseReturnValue:
    """Let a node start nothing new."""
    do("nodes.drain", lambda s: start_draining(s, get_node(s, node)), node=node, now=False)
    flash(_("%(name)s is draining: it starts nothing new.", name=node))
    return redirect(url_for(".index"), 303)


@nodes.post("/<node>/undrain")
def undrain(node: str) -> ResponseReturnValue:
    """Let a node take jobs again."""
    do("nodes.undrain", lambda s: end_draining(s, get_node(s, node)), node=node)
    flash(_("%(name)s takes jobs again.", name=node))
    return redirect(url_for(".index"), 303)


def _card(node: Node, alive: bool, running: list[Running]) -> Card:
    load, cpu = node.load, [d["name"] for d in node.devices if d["kind"] == "cpu"]
    told = {
        _("Processor"): cpu[0] if cpu else None,
        _("Cores"): words.number(node.cores),
        _("Load"): None if load.get("average") is None else f"{load['average']:.2f}",
        _("Memory"): _memory(node.memory, load.get("memory_free")),
        _("Labels"): ", ".join(node.labels) or None,
        _("Versions"): ", ".join(f"{name} {text}" for name, text in node.versions.items()),
    }
    return Card(node, alive, running, [(k, v) for k, v in told.items() if v], _gpus(node))


def _gpus(node: Node) -> list[dict[str, str]]:
    """Return each GPU with its use, as far as it was told."""
    cards: list[dict[str, Any]] = [one for one in node.devices if one["kind"] == "gpu"]
    uses: list[dict[str, Any]] = node.load.get("gpus") or [{} for _card in cards]
    return [
        {"name": card["name"], "use": _percent(use.get("use")),
         "memory": _used(use.get("memory_used"), card["memory"])}
        for card, use in zip(cards, uses, strict=False)
    ]  # fmt: skip


def _percent(use: int | None) -> str:
    return words.NONE if use is None else f"{use}%"


def _memory(whole: int | None, free: int | None) -> str | None:
    if whole is None or free is None:
        return None if whole is None else words.size(whole)
    return _("%(free)s of %(size)s free", free=words.size(free), size=words.size(whole))


def _used(used: int | None, whole: int | None) -> str:
    if used is None or whole is None:
        return words.NONE
    return _("%(used)s of %(size)s used", used=words.size(used), size=words.size(whole))
