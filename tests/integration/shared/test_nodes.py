"""Nodes register, are drained, and jobs go to who can serve them."""

import threading
from dataclasses import replace

import pytest
from sqlalchemy import update

from shared.db import Database, now
from shared.errors import QuotaExceeded
from shared.ids import new_id
from shared.jobs import services
from shared.jobs.models import Job
from shared.jobs.needs import MOST_ASKED, served_keys, waiting_keys
from shared.jobs.turns import teams_in_turn
from shared.nodes.models import Node
from shared.nodes.needs import Able, NodeNeeds
from shared.nodes.queries import get_node, list_nodes, running_on
from shared.nodes.services import Machine, drain, forget_old_nodes, see_node, undrain
from shared.nodes.waiting import read_fleet
from shared.workers.models import Worker
from shared.workers.services import Process, see
from tests.support.factories import do, make_corpus, make_team, make_training_job, queue_many
from tests.support.plans import explained

CPU = Able("plain", memory=8 * 10**9)
GPU = Able("fast", gpu=True, memory=64 * 10**9, card=80 * 10**9, labels=frozenset({"a100"}))
MACHINE = Machine("plain", [], 2, 8 * 10**9, {"python": "3.12"}, [])


def claimed(db: Database, able: Able) -> str | None:
    """Claim as a worker that can serve this; return the job's id."""
    job = do(db, lambda s: services.claim(s, "train", "w", 3600, able=able))
    return job.id if job else None


def there(db: Database, able: Able, queue: str = "train", name: str | None = None) -> None:
    """Let a worker of a node be there."""
    with db.write() as session:
        labels = sorted(able.labels)
        seen = see_node(session, replace(MACHINE, name=able.node or "n", labels=labels), {})
        device = "gpu 0" if able.gpu else "cpu"
        process = Process(new_id(), name or f"{able.node}:1", [queue], device, now())
        see(session, replace(process, memory=able.memory, device_memory=able.card,
                             node_id=seen.id))  # fmt: skip


def reason(db: Database, job: Job) -> str | None:
    """Return why a job waits."""
    with db.read() as session:
        return read_fleet(session, 30).reason(session.get_one(Job, job.id))


@pytest.mark.parametrize(
    ("needs", "plain", "fast"),
    [
        ({}, True, True),
        ({"gpu": True}, False, True),
        ({"memory_bytes": 10 * 10**9}, False, True),
        ({"memory_bytes": 70 * 10**9}, False, False),
        ({"gpu": True, "memory_bytes": 70 * 10**9}, False, True),
        ({"label": "a100"}, False, True),
        ({"gpu": True, "label": "h100"}, False, False),
    ],
)
def test_a_worker_serves_what_it_has(needs: dict[str, object], plain: bool, fast: bool) -> None:
    """A need is compared with the worker's GPU, memory and labels, also through its key."""
    found = NodeNeeds.of(NodeNeeds.model_validate(needs).key())
    assert found == NodeNeeds.model_validate(needs)
    assert (CPU.serves(found), GPU.serves(found)) == (plain, fast)


def test_jobs_go_to_who_can_serve_them(db: Database) -> None:
    """A team's best job holds up neither its others nor other teams'; its order holds for each."""
    corpus, other = make_corpus(db), make_team(db)
    needy = make_training_job(db, corpus, priority=5, needs={"gpu": True}).id
    plain = make_training_job(db, corpus).id
    best = make_training_job(db, corpus, priority=9, needs={"label": "a100"}).id
    never = make_training_job(db, corpus, priority=90, needs={"label": "h100"}).id
    theirs = make_training_job(db, team_id=other, needs={"gpu": True}).id
    assert claimed(db, CPU) == plain
    assert claimed(db, CPU) is None, "the others ask for what it has not"
    order = [claimed(db, GPU) for _ in range(3)]
    assert order[0] == theirs, "the other team had no turn yet"
    assert order[1:] == [best, needy], "priority decides between a team's needs"
    assert claimed(db, GPU) is None
    assert claimed(db, replace(GPU, labels=frozenset({"h100"}))) == never


def test_turns_are_fair_whatever_is_asked_for(db: Database) -> None:
    """One team's hundred needy jobs and another's few plain ones take turns on one worker."""
    corpus, other = make_corpus(db), make_corpus(db, team_id=make_team(db))
    needy = set(queue_many(db, corpus, 100, needs={"gpu": True}))
    plain = set(queue_many(db, other, 5))
    order = [claimed(db, GPU) for _ in range(10)]
    assert len(plain & set(order)) == len(needy & set(order)) == 5


def test_a_claim_looks_at_no_job_that_others_serve(db: Database) -> None:
    """Ten thousand jobs before it that ask for more are not looked at, but along the index."""
    corpus = make_corpus(db)
    plain = make_training_job(db, corpus).id
    many = queue_many(db, corpus, 10_000, priority=9, needs={"gpu": True, "label": "a100"})
    do(db, lambda s: s.execute(update(Job).where(Job.id.in_(many[:50])).values(needs_key="gpu=1")))
    with db.read() as session:
        assert waiting_keys(session, "train") == ["gpu=1", "gpu=1;label=a100"]
        assert waiting_keys(session, "generate") == []
        keys = served_keys(session, "train", GPU)
    assert keys == ["", "gpu=1", "gpu=1;label=a100"]
    plan = explained(db, teams_in_turn("train", 100, keys))
    assert "ix_jobs_claim" in plan
    assert "Seq Scan on jobs" not in plan
    assert "SCAN jobs" not in plan
    assert "Rows Removed by Filter" not in plan
    assert claimed(db, CPU) == plain
    assert claimed(db, GPU) == many[0]


def test_a_team_that_asks_for_much_holds_nobody_up(db: Database) -> None:
    """Each of its thousand jobs asks for something else, as rows may that are older than the
    limit: another team has every other turn, and a claim looks at a few."""
    corpus, other = make_corpus(db), make_corpus(db, team_id=make_team(db))
    many = queue_many(db, corpus, 1_000, needs={"memory_bytes": 1})
    odd = [{"id": job, "needs_key": f"memory={n + 2}"} for n, job in enumerate(many)]
    do(db, lambda s: s.execute(update(Job), odd))
    theirs = set(queue_many(db, other, 4, needs={"gpu": True}))
    with db.read() as session:
        assert len(served_keys(session, "train", GPU)) <= 1 + MOST_ASKED
        assert served_keys(session, "train", replace(CPU, memory=1)) == [""]
        assert len(waiting_keys(session, "train")) == 1_001, "the sweeper wakes workers for all"
    order = [claimed(db, GPU) for _ in range(8)]
    assert [job in theirs for job in order].count(True) == 4
    assert None not in order


def test_a_team_may_ask_for_so_much(db: Database) -> None:
    """One more than the most is refused at submission and at a retry, not what waits already."""
    corpus, other = make_corpus(db), make_corpus(db, team_id=make_team(db))
    ended = make_training_job(db, corpus, needs={"label": "a100"})
    do(db, lambda s: services.cancel(s, ended.id))
    for size in range(1, MOST_ASKED + 1):
        make_training_job(db, corpus, needs={"memory_bytes": size})
    with pytest.raises(QuotaExceeded, match="asks for gpu=1, and jobs of this team wait with 20 o"):
        make_training_job(db, corpus, needs={"gpu": True})
    with pytest.raises(QuotaExceeded, match="label=a100"):
        do(db, lambda s: services.retry(s, ended.id))
    make_training_job(db, corpus)
    make_training_job(db, corpus, needs={"memory_bytes": 7})
    make_training_job(db, other, team_id=other.team_id, needs={"gpu": True})


def test_a_draining_node_starts_nothing(db: Database) -> None:
    """Until it is undrained, whoever asks; also when its workers start anew."""
    job = make_training_job(db)
    there(db, CPU)
    node = do(db, lambda s: drain(s, get_node(s, "plain")))
    assert (node.draining, node.hand_back) == (True, False)
    assert claimed(db, CPU) is None
    assert reason(db, job) == "the node that could run it is draining: plain"
    there(db, CPU, name="plain:2")
    assert claimed(db, CPU) is None
    since = do(db, lambda s: drain(s, get_node(s, "plain"), hand_back=True)).draining_since
    assert since == node.draining_since
    heard = do(db, lambda s: see_node(s, MACHINE, None))
    assert heard.hand_back
    do(db, lambda s: undrain(s, get_node(s, "plain")))
    assert claimed(db, CPU) == job.id


def test_a_job_tells_why_it_waits(db: Database) -> None:
    """That nobody is there, or what it asks for and what there is; nothing where one can."""
    job = make_training_job(db, needs={"gpu": True, "label": "a100", "memory_bytes": 10**9})
    plain = make_training_job(db)
    assert reason(db, plain) == "no worker that trains is there"
    there(db, CPU)
    assert reason(db, plain) is None
    assert reason(db, job) == (
        "waits for a node with a GPU and 1.0 GB of memory and the label a100; there are: "
        "plain (CPU · 8.0 GB)"
    )
    there(db, GPU, "generate")
    assert reason(db, job) is not None, "it takes no such jobs"
    there(db, GPU, name="fast:2")
    assert reason(db, job) is None
    do(db, lambda s: s.execute(update(Worker).values(seen_time=0.0)))
    assert reason(db, job) == "no worker that trains is there"


def test_a_node_is_one_row(db: Database) -> None:
    """Whatever number of its processes tells of it; what one did not measure stays."""
    first = do(db, lambda s: see_node(s, MACHINE, {"average": 0.5}, 2e9))
    threads = [
        threading.Thread(
            target=lambda n=n: do(db, lambda s: see_node(s, replace(MACHINE, name=f"n{n % 2}"), {}))
        )
        for n in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    second = do(db, lambda s: see_node(s, replace(MACHINE, cores=4), None))
    assert second.id == first.id
    with db.read() as session:
        rows = {row.name: row for row in list_nodes(session).data}
        assert set(rows) == {"plain", "n0", "n1"}
        found = rows["plain"]
        assert (found.cores, found.load, found.speed) == (4, {"average": 0.5}, 2e9)


def test_old_nodes_are_forgotten_but_drained_ones(db: Database) -> None:
    """After a day; a node that was drained for good is not served when it comes back."""
    there(db, CPU)
    there(db, GPU)
    do(db, lambda s: drain(s, get_node(s, "fast")))
    do(db, lambda s: s.execute(update(Node).values(seen_time=0.0)))
    do(db, forget_old_nodes)
    with db.read() as session:
        (left,) = list_nodes(session).data
        assert left.name == "fast"
        (running,) = running_on(session, [left], 30)[left.id]
        assert (running.worker.name, running.job, running.alive) == ("fast:1", None, True)
