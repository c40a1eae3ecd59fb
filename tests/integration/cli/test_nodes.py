"""Nodes on the command line."""

from shared.db import Database
from shared.nodes.services import Machine, see_node
from tests.integration.cli.conftest import Charloom
from tests.support.factories import do

GPU = {"kind": "gpu", "name": "A100", "memory": 80 * 10**9}


def test_nodes(charloom: Charloom, db: Database) -> None:
    """Listed with what they have and do, drained, and let take jobs again."""
    machine = Machine("fast-1", [GPU], 8, 64 * 10**9, {}, ["a100"])
    do(db, lambda session: see_node(session, machine, {"average": 0.5}))
    head, row = (line.split() for line in charloom("node", "list").stdout.splitlines())
    assert head == ["NAME", "STATE", "CORES", "GPUS", "MEMORY", "LOAD", "LABELS", "SEEN"]
    assert row[:8] == ["fast-1", "alive", "8", "1", "64.0", "GB", "0.5", "a100"]
    done = charloom("node", "drain", "fast-1", "--now")
    assert done.stdout == "fast-1 is draining: it starts nothing new.\n"
    assert "draining" in charloom("node", "list").stdout
    assert charloom("node", "undrain", "fast-1").stdout == "fast-1 takes jobs again.\n"
    assert "no node is called 'slow'" in charloom("node", "drain", "slow", code=1).stderr
