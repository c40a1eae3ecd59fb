"""What the parts are started with."""

from pathlib import Path

import pytest

from cli.folder import DataFolder, ensure_secrets, open_folder
from cli.stack import checked_settings, environment
from shared.errors import SettingsError


@pytest.fixture
def folder(tmp_path: Path) -> DataFolder:
    """A data folder with its secrets."""
    opened = open_folder(tmp_path / "data")
    ensure_secrets(opened)
    return opened


def test_everything_is_in_the_data_folder(folder: DataFolder) -> None:
    """Without settings, database, token and key are the folder's."""
    env = environment(folder, "127.0.0.1")
    settings = checked_settings(env)
    assert settings.database_url == folder.database_url
    assert settings.api_token() == folder.token_file.read_text().strip()
    assert env["CHARLOOM_ALLOWED_HOSTS"] == "localhost,127.0.0.1,[::1]"


def test_the_users_settings_win(folder: DataFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    """A database that the user names is taken."""
    monkeypatch.setenv("CHARLOOM_DATABASE_URL", "postgresql://u:p@db.example/charloom")
    assert environment(folder, "::1")["CHARLOOM_DATABASE_URL"].startswith("postgresql://u:p@")


def test_addresses_come_from_files(
    folder: DataFolder, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A database and a broker that are named by files are taken, not our own."""
    (tmp_path / "database").write_text("postgresql://u:p@db.example/charloom\n")
    (tmp_path / "redis").write_text("redis://:hush@redis.example:6379/0\n")
    monkeypatch.setenv("CHARLOOM_DATABASE_URL_FILE", str(tmp_path / "database"))
    monkeypatch.setenv("CHARLOOM_REDIS_URL_FILE", str(tmp_path / "redis"))
    env = environment(folder, "127.0.0.1")
    assert env["CHARLOOM_DATABASE_URL"] == "postgresql://u:p@db.example/charloom"
    assert env["CHARLOOM_REDIS_URL"] == "redis://:hush@redis.example:6379/0"


def test_relative_paths_become_whole(folder: DataFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    """The parts run in another folder: paths that the user gave are made whole."""
    monkeypatch.chdir(folder.path)
    monkeypatch.setenv("CHARLOOM_DATABASE_URL", "sqlite:///mine.db")
    monkeypatch.setenv("CHARLOOM_TOKEN_FILE", "token")
    env = environment(folder, "127.0.0.1")
    assert env["CHARLOOM_DATABASE_URL"] == f"sqlite:///{folder.path}/mine.db"
    assert env["CHARLOOM_TOKEN_FILE"] == str(folder.token_file)


def test_another_loopback_address_is_an_allowed_host(folder: DataFolder) -> None:
    """Pages answer to the address that they are served at."""
    assert environment(folder, "127.0.0.9")["CHARLOOM_ALLOWED_HOSTS"].endswith(",127.0.0.9")


def test_an_empty_token_file_is_refused(folder: DataFolder) -> None:
    """Nobody should run with an empty token."""
    folder.token_file.write_text("\n")
    with pytest.raises(SettingsError, match="TOKEN_FILE"):
        checked_settings(environment(folder, "127.0.0.1"))


def test_an_address_that_is_none_is_refused(
    folder: DataFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The message shows what is accepted, and not the value: it may hold a password."""
    monkeypatch.setenv("CHARLOOM_DATABASE_URL", "my secret")
    with pytest.raises(SettingsError, match="sqlite:///FILE") as caught:
        environment(folder, "127.0.0.1")
    assert "my secret" not in str(caught.value)
