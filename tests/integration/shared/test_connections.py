"""Connections: who waits for something holds none that others need."""

import threading
import time

from sqlalchemy import QueuePool, select

from shared.accounts.models import Team
from shared.db import Database, now
from shared.ids import new_id

WRITERS = 40


def checked_out(db: Database) -> int:
    """Return how many connections are in use."""
    assert isinstance(db.engine.pool, QueuePool)
    return db.engine.pool.checkedout()


def test_a_read_within_a_read_shares_its_connection(db: Database) -> None:
    """And leaves the outer one as it was: what it read stays, and it can read on."""
    with db.read() as outer:
        (team,) = outer.scalars(select(Team)).all()
        with db.read() as inner:
            assert inner.scalars(select(Team.id)).all() == [team.id]
            assert checked_out(db) == 1
        assert team.name == "default"
        assert outer.scalars(select(Team.name)).all() == ["default"]
    assert checked_out(db) == 0
    with db.read() as later:
        assert later.scalars(select(Team.id)).all() == [team.id]


def test_a_read_is_of_one_moment(db: Database) -> None:
    """What others commit meanwhile is in the next one: a page shows no half of it."""
    with db.read() as session:
        before = session.scalars(select(Team.name)).all()
        with db.write() as other:
            other.add(Team(id=new_id(), name="late", created_at=now()))
        with db.read() as inner:
            assert inner.scalars(select(Team.name)).all() == before
        assert session.scalars(select(Team.name)).all() == before
    with db.read() as session:
        assert sorted(session.scalars(select(Team.name)).all()) == sorted([*before, "late"])
    with db.write() as session:
        assert session.connection().get_isolation_level() != "REPEATABLE READ"


def test_reads_of_two_threads_share_nothing(db: Database) -> None:
    """Each has a connection of its own."""
    inside, done = threading.Event(), threading.Event()

    def read() -> None:
        with db.read() as session:
            session.scalars(select(Team)).all()
            inside.set()
            done.wait(10)

    with db.read() as session:
        session.scalars(select(Team)).all()
        thread = threading.Thread(target=read)
        thread.start()
        assert inside.wait(10)
        assert checked_out(db) == 2
        done.set()
        thread.join()


def test_waiting_writers_leave_connections_to_readers(db: Database) -> None:
    """A long transaction keeps other writers waiting, and nobody who reads."""

    def add() -> None:
        with db.write() as session:
            team_id = new_id()
            session.add(Team(id=team_id, name=team_id, created_at=now()))

    writers = [threading.Thread(target=add) for _ in range(WRITERS)]
    with db.write() as session:
        session.scalars(select(Team)).all()
        for writer in writers:
            writer.start()
        time.sleep(0.2)
        begun = time.monotonic()
        with db.read() as reading:
            reading.scalars(select(Team.id)).all()
        assert time.monotonic() - begun < 2
    for writer in writers:
        writer.join()
    with db.read() as reading:
        assert len(reading.scalars(select(Team.id)).all()) == WRITERS + 1
