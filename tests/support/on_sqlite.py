"""A fixture for tests of what no database has a say in: a ``conftest.py`` imports it."""

import shutil
from pathlib import Path

import pytest


@pytest.fixture
def database_url(sqlite_template: Path, tmp_path: Path) -> str:
    """The address of a migrated SQLite database that nobody has used."""
    return f"sqlite:///{shutil.copy(sqlite_template, tmp_path / 'charloom.db')}"
