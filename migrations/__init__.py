"""Alembic migrations: one reviewed change a file, each up and down on SQLite and PostgreSQL."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory


def config(database_url: str) -> Config:
    """Return Alembic's configuration for a database; no ini file is needed."""
    settings = Config()
    settings.set_main_option("script_location", str(Path(__file__).parent))
    # Alembic reads options with %-interpolation; passwords may hold a percent sign.
    settings.set_main_option("sqlalchemy.url", database_url.replace("%", "%%"))
    return settings


def known() -> list[str]:
    """Return the revisions that this version has, the oldest first."""
    script = ScriptDirectory.from_config(config("sqlite://"))
    return [one.revision for one in script.walk_revisions()][::-1]


def upgrade(database_url: str, revision: str = "head") -> None:
    """Bring the database up to ``revision``."""
    command.upgrade(config(database_url), revision)


def downgrade(database_url: str, revision: str) -> None:
    """Bring the database down to ``revision`` ("base": nothing is left)."""
    command.downgrade(config(database_url), revision)
