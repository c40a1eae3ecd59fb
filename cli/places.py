"""Which database and which Redis a command looks after: a folder's, or an installation's."""

import fcntl
import re
from dataclasses import dataclass
from pathlib import Path

from cli.folder import DataFolder
from shared.errors import UserError
from shared.settings import Settings, load_settings

OWN_REDIS = re.compile(r"^port (?P<port>\d+)$.*^requirepass (?P<password>\w+)$", re.M | re.S)


@dataclass(frozen=True)
class Places:
    """Where an installation's parts are. ``folder`` is None where the variables name a database."""

    settings: Settings
    folder: DataFolder | None
    redis_url: str

    @property
    def database_url(self) -> str:
        """The database's address."""
        return self.folder.database_url if self.folder else self.settings.database_url


def find(data: Path) -> Places:
    """Return what CHARLOOM_* variables name, and of the data folder what they do not.

    Nothing is made. Raises ``SettingsError``.
    """
    settings = load_settings()
    named = settings.model_fields_set
    folder = DataFolder(data.expanduser().absolute())
    redis = settings.redis_url
    if "redis_url" not in named:
        redis = _own_redis(folder) or redis
    return Places(settings, None if "database_url" in named else folder, redis)


def existing(places: Places) -> str:
    """Return the database's address. Raises ``UserError`` where the folder has no database."""
    if places.folder and not database_file(places.folder).exists():
        raise UserError(
            f"--data {places.folder.path} has no database: name the folder of an installation, "
            "or its database in CHARLOOM_DATABASE_URL"
        )
    return places.database_url


def database_file(folder: DataFolder) -> Path:
    """Return the path of a folder's database."""
    return folder.path / "charloom.db"


def is_running(folder: DataFolder) -> bool:
    """Tell whether a ``charloom up`` holds the folder."""
    try:
        with (folder.path / "lock").open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    return False


def _own_redis(folder: DataFolder) -> str | None:
    """Return the address of the Redis server that the folder's stack started last."""
    try:
        found = OWN_REDIS.search(folder.redis_config.read_text("utf-8"))
    except OSError:
        return None
    return found and f"redis://:{found['password']}@127.0.0.1:{found['port']}/0"
