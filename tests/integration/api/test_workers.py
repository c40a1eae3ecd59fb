"""Which workers there are."""

from sqlalchemy import update

from shared.db import Database, now
from shared.ids import new_id
from shared.nodes.queries import get_node
from shared.nodes.services import Machine, drain, see_node, undrain
from shared.settings import Settings
from shared.workers.models import Worker
from shared.workers.services import Process, forget_old, leave, see
from tests.integration.api.client import Api, field_error
from tests.support.factories import WORKER, claim_job, do, make_corpus, make_training_job
from tests.support.nodes import make_node
from tests.support.stacks import wait_for
from worker.presence import Here, Presence


def started(db: Database, name: str, queue: str = "train", device: str = "cpu") -> Process:
    """Have a process say that it is there."""
    process = Process(new_id(), name, [queue], device, now())
    do(db, lambda session: see(session, process))
    return process


def silent(db: Database, process: Process, seconds: float) -> None:
    """Let a process have said nothing for a time."""
    earlier = Worker.seen_time - seconds
    where = update(Worker).where(Worker.id == process.id)
    do(db, lambda session: session.execute(where.values(seen_time=earlier)))


def test_workers_are_listed(api: Api, db: Database) -> None:
    """With queues, device, times and the job that each runs; oldest first."""
    started(db, WORKER, device="gpu 0")
    started(db, "node:2", "generate")
    lease = claim_job(db, make_training_job(db))
    first, second = api.get("/workers").get_json()["data"]
    assert (first["name"], first["queues"], first["device"]) == (WORKER, ["train"], "gpu 0")
    assert (first["job_id"], first["alive"]) == (lease.job_id, True)
    assert api.get(first["links"]["job"]).status_code == 200
    assert first["seen_at"].endswith("Z")
    assert first["started_at"].endswith("Z")
    assert (second["name"], second["job_id"], second["links"]) == ("node:2", None, {})


def test_workers_come_in_pages(api: Api, db: Database) -> None:
    """As all lists do."""
    for number in range(3):
        started(db, f"node:{number}")
    first = api.get("/workers?limit=2").get_json()
    assert first["has_more"]
    rest = api.get(f"/workers?after={first['data'][-1]['id']}").get_json()
    assert [row["name"] for row in first["data"] + rest["data"]] == ["node:0", "node:1", "node:2"]


def test_a_silent_worker_is_not_alive(api: Api, db: Database, settings: Settings) -> None:
    """After a lease's time without a word; after a day it is forgotten."""
    process = started(db, "node:1")
    silent(db, process, settings.lease_seconds + 1)
    (row,) = api.get("/workers").get_json()["data"]
    assert row["alive"] is False
    do(db, forget_old)
    assert len(api.get("/workers").get_json()["data"]) == 1
    silent(db, process, 25 * 3600)
    do(db, forget_old)
    assert api.get("/workers").get_json()["data"] == []


def test_a_name_has_one_worker(api: Api, db: Database) -> None:
    """A container that starts again has the same name: the newer process is meant."""
    started(db, "node:1")
    newer = started(db, "node:1", "generate")
    (row,) = api.get("/workers").get_json()["data"]
    assert row["id"] == newer.id
    do(db, lambda session: leave(session, newer))
    assert api.get("/workers").get_json()["data"] == []


def test_a_process_says_that_it_is_there(api: Api, db: Database, settings: Settings) -> None:
    """From its start to its end, again and again; also when it was forgotten meanwhile."""
    quick = settings.model_copy(update={"lease_seconds": 0.3})
    presence = Presence(make_node(db, quick), {"train", "generate"}, "cpu")
    presence.start()

    def listed() -> list[dict[str, object]]:
        rows: list[dict[str, object]] = api.get("/workers").get_json()["data"]
        return rows

    wait_for(listed, 10)
    (first,) = listed()
    assert (first["name"], first["queues"]) == ("node:1", ["generate", "train"])
    wait_for(lambda: listed()[0]["seen_at"] != first["seen_at"], 10)
    do(db, lambda session: leave(session, presence.process))
    wait_for(listed, 10)
    presence.end()
    assert listed() == []


MACHINE = Machine("node", [{"kind": "cpu", "name": "a cpu", "memory": 1}], 2, 1, {}, ["quiet"])


def test_nodes_are_listed_and_drained(api: Api, db: Database) -> None:
    """With what they have and do; drained, they say since when, and the audit log by whom."""
    do(db, lambda session: see_node(session, MACHINE, {"average": 0.5}, 1e9))
    (row,) = api.get("/nodes").get_json()["data"]
    assert (row["name"], row["alive"], row["cores"], row["labels"]) == ("node", True, 2, ["quiet"])
    assert (row["load"], row["speed"], row["draining"]) == ({"average": 0.5}, 1e9, False)
    drained = api.post("/nodes/node/drain", {"now": True}).get_json()
    assert drained["draining"]
    assert drained["draining_since"].endswith("Z")
    assert api.get("/nodes/node").get_json()["draining"]
    assert api.get(f"/nodes/{row['id']}").get_json()["draining"]
    assert not api.post("/nodes/node/undrain").get_json()["draining"]
    entries = api.get("/audit").get_json()["data"]
    assert [entry["action"] for entry in entries] == ["nodes.undrain", "nodes.drain"]
    assert entries[1]["details"] == {"node": "node", "now": True}
    assert api.get("/nodes/nobody").status_code == 404
    assert field_error(api.post("/nodes/node/drain", {"now": "yes"}), "now")


def test_a_job_tells_what_it_asks_for_and_why_it_waits(api: Api, db: Database) -> None:
    """As soon as the workers that there are differ, its ETag does, too."""
    corpus = make_corpus(db)
    body = {"corpus_id": corpus.id, "preset": "tiny", "needs": {"gpu": True}}
    job = api.post("/training-jobs", body).get_json()
    assert job["needs"] == {"gpu": True, "memory_bytes": None, "label": None}
    first = api.get(f"/jobs/{job['id']}")
    assert first.get_json()["waiting_reason"] == "no worker that trains is there"
    started(db, "node:1", device="gpu 0")
    known = {"If-None-Match": first.headers["ETag"]}
    wait_for(lambda: api.get(f"/jobs/{job['id']}", known).status_code == 200, 10)
    assert api.get(f"/jobs/{job['id']}").get_json()["waiting_reason"] is None
    for wrong in ({"label": "A b"}, {"gpu": 1}, {"memory_bytes": 0}, {"cores": 4}):
        assert api.post("/training-jobs", body | {"needs": wrong}).status_code == 422


def test_a_drained_process_hands_back(db: Database, settings: Settings) -> None:
    """It hears of it when it tells of its node, and of the end of it."""
    quick = settings.model_copy(update={"lease_seconds": 0.3})
    node = make_node(db, quick)
    presence = Presence(node, {"train"}, "cpu", 1e9, Here(MACHINE, slots=4))
    presence.start()
    wait_for(lambda: presence.process.node_id, 10)
    with db.read() as session:
        assert (get_node(session, "node").speed, node.must_stop()) == (4e9, False)
        assert get_node(session, "node").load["average"] >= 0
    do(db, lambda session: drain(session, get_node(session, "node"), hand_back=True))
    wait_for(node.must_stop, 10)
    do(db, lambda session: undrain(session, get_node(session, "node")))
    wait_for(lambda: not node.must_stop(), 10)
    presence.end()
