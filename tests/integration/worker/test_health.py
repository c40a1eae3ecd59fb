"""What a container's health check asks."""

from shared.db import Database, now
from shared.ids import new_id
from shared.workers.models import Worker
from shared.workers.services import Process, see
from tests.support.factories import do
from worker.health import works_here


def test_a_machine_works_on_the_queues_of_its_own_processes(db: Database) -> None:
    """Another's do not count, nor one with a longer name, nor one that was not seen of late."""
    for name, queue in (("node:7", "train"), ("node2:7", "generate"), ("other:7", "generate")):
        do(db, lambda s, n=name, q=queue: see(s, Process(new_id(), n, [q], "cpu", now())))  # type: ignore[misc]
    with db.read() as session:
        assert works_here(session, "node", "train", 30)
        assert not works_here(session, "node", "generate", 30)
        assert works_here(session, "node2", "generate", 30)
    with db.write() as session:
        for row in session.query(Worker):
            row.seen_time -= 31
    with db.read() as session:
        assert not works_here(session, "node", "train", 30)
