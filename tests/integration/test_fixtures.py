"""The fixtures themselves: both databases, and a Redis server that is real."""

from redis import Redis

from shared.db import Database
from tests.support.factories import make_checkpoint


def test_factories_make_a_checkpoint_through_the_services(db: Database) -> None:
    """A job, its claim, an epoch and a checkpoint stand after one call."""
    checkpoint = make_checkpoint(db)
    assert checkpoint.best
    with db.read() as session:
        assert session.get_bind().dialect.name in ("sqlite", "postgresql")


def test_redis_answers(redis_url: str) -> None:
    """The broker of the tests is a real Redis server."""
    with Redis.from_url(redis_url) as client:
        assert client.ping()
