"""Migrations, with errors of one line."""

from pathlib import Path

from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

import migrations
from shared.errors import InternalError, SettingsError


def migrate(database_url: str) -> None:
    """Bring the database up to date. Raises ``InternalError`` saying why it could not."""
    shown = without_password(database_url)
    try:
        migrations.upgrade(database_url)
    except Exception as error:
        raise InternalError(
            f"the database {shown} could not be migrated: {reason(error)}"
        ) from error


def without_password(database_url: str) -> str:
    """Return the address as it may be shown. Raises ``SettingsError`` if it is none."""
    try:
        return make_url(database_url).render_as_string(hide_password=True)
    except (ArgumentError, ValueError) as error:
        raise SettingsError(
            "CHARLOOM_DATABASE_URL is not a database address: accepted are "
            "sqlite:///FILE and postgresql://USER:PASSWORD@HOST/NAME"
        ) from error


def absolute(database_url: str) -> str:
    """Return the address with the path of a SQLite file made absolute. Raises ``SettingsError``."""
    without_password(database_url)
    url = make_url(database_url)
    if url.get_backend_name() != "sqlite" or not url.database or url.database == ":memory:":
        return database_url
    url = url.set(database=str(Path(url.database).absolute()))
    return url.render_as_string(hide_password=False)


def reason(error: Exception) -> str:
    """Return what went wrong, in one line; of a database's error the driver's own words."""
    text = str(getattr(error, "orig", None) or error)
    return " ".join(text.split()) or type(error).__name__
