"""The data folder and its secrets."""

import stat
from pathlib import Path

import pytest

from cli.folder import DataFolder, ensure_secrets, locked, open_folder, write_private
from shared.errors import UserError


@pytest.fixture
def folder(tmp_path: Path) -> DataFolder:
    """A new data folder."""
    return open_folder(tmp_path / "some" / "data")


def test_is_made_for_its_owner_alone(folder: DataFolder) -> None:
    """Parents are made too; the folder itself is closed to others."""
    assert stat.S_IMODE(folder.path.stat().st_mode) == 0o700


def test_makes_secrets_once(folder: DataFolder) -> None:
    """Token and key are long, different, private, and stay the same at the next start."""
    ensure_secrets(folder)
    first = folder.token_file.read_text(), folder.secret_key_file.read_text()
    ensure_secrets(folder)
    assert (folder.token_file.read_text(), folder.secret_key_file.read_text()) == first
    assert len(set(first)) == 2
    assert min(map(len, first)) > 40
    assert stat.S_IMODE(folder.token_file.stat().st_mode) == 0o600


def test_replaces_a_private_file_whole(folder: DataFolder) -> None:
    """A draft that a crash left behind does not stop the next one."""
    (folder.path / "token.new").write_text("half a to")
    write_private(folder.token_file, "whole\n")
    assert folder.token_file.read_text() == "whole\n"
    assert [path.name for path in folder.path.iterdir()] == ["token"]


def test_refuses_a_second_holder(folder: DataFolder) -> None:
    """Only one holds the folder; when it lets go, the next one may."""
    with (
        locked(folder),
        pytest.raises(UserError, match="in use by another charloom"),
        locked(folder),
    ):
        pass
    with locked(folder):
        pass


def test_refuses_a_file_in_its_place(tmp_path: Path) -> None:
    """A file where the folder should be is named."""
    (tmp_path / "data").write_text("")
    with pytest.raises(UserError, match="data cannot be made"):
        open_folder(tmp_path / "data")


def test_database_address_survives_odd_names(tmp_path: Path) -> None:
    """A folder whose name has signs of its own in addresses still gives the right file."""
    from sqlalchemy.engine import make_url

    folder = open_folder(tmp_path / "a%20b?c#d")
    assert make_url(folder.database_url).database == str(folder.path / "charloom.db")
