"""The data folder: database, token and keys of one embedded stack, readable by its owner only."""

import fcntl
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import URL

from shared.errors import UserError


@dataclass(frozen=True)
class DataFolder:
    """A folder and the names in it."""

    path: Path

    @property
    def token_file(self) -> Path:
        """Where the API's bearer token stands."""
        return self.path / "token"

    @property
    def secret_key_file(self) -> Path:
        """Where the key stands that signs forms."""
        return self.path / "secret_key"

    @property
    def redis_config(self) -> Path:
        """Where the settings of our own Redis server stand; they hold its password."""
        return self.path / "redis.conf"

    @property
    def beat_schedule(self) -> Path:
        """Where beat remembers when it ticked last."""
        return self.path / "beat-schedule"

    @property
    def cache_folder(self) -> Path:
        """What can be made again."""
        return self.path / "cache"

    @property
    def database_url(self) -> str:
        """The address of the folder's SQLite database."""
        url = URL.create("sqlite", database=str(self.path / "charloom.db"))
        return url.render_as_string(hide_password=False)


def open_folder(path: Path) -> DataFolder:
    """Return the folder at ``path``, made where it is missing. Raises ``UserError``."""
    path = path.expanduser().absolute()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.mkdir(mode=0o700, exist_ok=True)
    except OSError as error:
        raise UserError(f"--data {path} cannot be made: {error.strerror}") from error
    if not os.access(path, os.R_OK | os.W_OK | os.X_OK):
        raise UserError(f"--data {path} cannot be written to")
    return DataFolder(path)


def ensure_secrets(folder: DataFolder) -> None:
    """Make the token and the secret key where they are missing; call it under the lock."""
    for path in (folder.token_file, folder.secret_key_file):
        if not path.exists():
            write_private(path, secrets.token_urlsafe(32) + "\n")


def write_private(path: Path, text: str) -> None:
    """Write a file that only its owner can read; it is whole or not there at all."""
    draft = path.with_name(path.name + ".new")
    draft.unlink(missing_ok=True)
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
    draft.replace(path)


@contextmanager
def locked(folder: DataFolder) -> Iterator[None]:
    """Hold the folder for this process alone. Raises ``UserError`` naming who holds it."""
    with (folder.path / "lock").open("a+", encoding="utf-8") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            file.seek(0)
            holder = file.read().strip() or "unknown"
            raise UserError(
                f"--data {folder.path} is in use by another charloom (process {holder}); "
                "stop that one, or choose another folder"
            ) from error
        file.truncate(0)
        file.write(f"{os.getpid()}\n")
        file.flush()
        yield
