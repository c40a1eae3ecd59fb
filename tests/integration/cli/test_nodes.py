"""Nodes on the command line, and jobs that ask something of theirs."""

import json

from shared.db import Database
from shared.nodes.services import Machine, see_node
from tests.integration.cli.conftest import Charloom
from tests.support.factories import do, make_checkpoint, make_corpus

GPU = {"kind": "gpu", "name": "A100", "memory": 80 * 10**9}


def test_nodes(charloom: Charloom, db: Database) -> None:
    """Listed with what they have and do, drained, and let take jobs again."""
    machine = Machine("fast-1", [GPU], 8, 64 * 10**9, {}, ["a100"])
    do(db, lambda session: see_node(session, machine, {"average": 0.5}))
    head, row = (line.split() for line in charloom("node", "list").stdout.splitlines())
    assert head == ["NAME", "STATE", "CORES", "GPUS", "MEMORY", "LOAD", "LABELS", "SEEN"]
    assert row[:8] == ["fast-1", "alive", "8", "1", "64.0", "GB", "0.5", "a100"]
    told = "fast-1 is draining: it starts nothing new"
    assert charloom("node", "drain", "fast-1").stdout == f"{told}.\n"
    done = charloom("node", "drain", "fast-1", "--now")
    assert done.stdout == f"{told}, and what runs there is handed back.\n"
    assert "draining" in charloom("node", "list").stdout
    assert charloom("node", "undrain", "fast-1").stdout == "fast-1 takes jobs again.\n"
    assert "no node is called 'slow'" in charloom("node", "drain", "slow", code=1).stderr


def test_a_job_asks_for_a_node(charloom: Charloom, db: Database) -> None:
    """By options of their own; when it is submitted and shown it says why it waits."""
    corpus = make_corpus(db).id
    words = ["--gpu", "--memory", "8000000000", "--label", "a100"]
    done = charloom("train", corpus, "--preset", "tiny", *words)
    id_ = done.stdout.strip()
    assert done.stderr == f"Job {id_} waits: no worker that trains is there.\n"
    card = charloom("job", "show", id_).stdout
    lines = dict(line.split("  ", 1) for line in card.splitlines() if "  " in line)
    assert lines["needs"].strip() == "gpu=true, memory_bytes=8000000000, label=a100"
    assert lines["waiting reason"].strip() == "no worker that trains is there"
    told = charloom("generate", make_checkpoint(db).id, "--label", "quiet", "--json").stdout
    assert json.loads(told)["needs"] == {"gpu": False, "memory_bytes": None, "label": "quiet"}
    refused = charloom("train", corpus, "--label", "Not One", code=1).stderr
    assert refused.startswith("Error: needs.label: ")
    plain = charloom("train", corpus, "--preset", "tiny", "--json").stdout
    assert json.loads(plain)["needs"] is None
    assert "needs" not in charloom("job", "show", json.loads(plain)["id"]).stdout
    times = ["--cron", "nightly", "--corpus", corpus, "--model", "poet", "--json"]
    asks = ["--set", 'needs={"gpu": true}', "--generate", 'needs={"label": "quiet"}']
    made = json.loads(charloom("schedule", "add", "nightly", *times, *asks).stdout)
    assert made["training"]["needs"]["gpu"]
    assert made["generation"]["needs"]["label"] == "quiet"
