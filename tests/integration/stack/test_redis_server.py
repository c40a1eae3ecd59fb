"""Our own Redis server, for real."""

import os
from pathlib import Path

import pytest
from redis import Redis
from redis.exceptions import AuthenticationError, RedisError

from cli import redis_server
from cli.child import Child
from cli.folder import open_folder
from cli.output import Output
from cli.parts import redis_part
from tests.support.stacks import wait_for


def _answers(url: str) -> bool:
    try:
        with Redis.from_url(url) as client:
            return bool(client.ping())
    except RedisError:
        return False


def test_starts_wants_its_password_and_keeps_nothing(tmp_path: Path) -> None:
    """It answers who has the password, nobody else, and writes nothing to disk."""
    folder = open_folder(tmp_path / 'data "with" signs')
    server = redis_server.prepare(folder)
    child = Child(redis_part(server.argv), os.environ, Output(["redis"]))
    child.start()
    try:
        wait_for(lambda: _answers(server.url), 10)
        stranger = "redis://" + server.url.split("@")[1]
        with Redis.from_url(stranger) as client, pytest.raises(AuthenticationError):
            client.ping()
        child.terminate()
        wait_for(child.ended, 10)
    finally:
        child.kill()
    assert [path.name for path in folder.path.iterdir()] == ["redis.conf"]
