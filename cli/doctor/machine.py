"""Checks of this machine: room on its disks, and settings that are dangerous."""

import os
import shutil
import stat
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from cli.doctor.findings import Finding, fine, problem, skipped, warning
from cli.folder import DataFolder
from shared.errors import SettingsError
from shared.settings import Settings

# Bytes below which a disk is nearly full, and full for all that matters: a checkpoint fails then.
LITTLE, NOTHING = 2_000_000_000, 200_000_000
# Keys that stand in examples, and what is short enough to be guessed.
EXAMPLES = {"secret", "changeme", "change-me", "test", "dev", "password", "charloom"}
LEAST_SECRET = 16


class Usage(NamedTuple):
    """Bytes of a disk, as ``shutil.disk_usage`` tells them."""

    total: int
    used: int
    free: int


Ask = Callable[[Path], tuple[int, int, int]]


def disk(name: str, path: Path, usage: Ask = shutil.disk_usage) -> Finding:
    """Look at how much room is left where ``path`` is, or would be."""
    name = f"disk of {name}"
    while not path.exists() and path != path.parent:
        path = path.parent
    try:
        free = Usage(*usage(path)).free
    except OSError as error:
        return problem(name, f"{path}: {error.strerror}", "see that it is mounted and readable")
    told = f"{free / 1e9:,.1f} GB free at {path}"
    if free < NOTHING:
        return problem(name, told, "make room now: checkpoints and texts cannot be stored")
    if free < LITTLE:
        return warning(name, told, "make room: delete jobs and corpora, or take a larger disk")
    return fine(name, told)


def secrets(settings: Settings, folder: DataFolder | None) -> list[Finding]:
    """Look at the token and the key that signs sessions. Those of a folder are made by ``up``."""
    given = settings.model_fields_set
    found = []
    for name, field, read in (
        ("secret key", "secret_key", settings.signing_key),
        ("token", "token", settings.api_token),
    ):
        own = folder and not {field, f"{field}_file"} & given
        found.append(_own(name, folder, field) if own and folder else _secret(name, field, read))
    return found


def _own(name: str, folder: DataFolder, file: str) -> Finding:
    path = folder.path / file
    try:
        mode = stat.S_IMODE(path.stat().st_mode)
    except OSError:
        return skipped(name, f"{path} is not there yet: `charloom up` makes it")
    if mode & (stat.S_IRWXG | stat.S_IRWXO):
        return problem(name, f"{path} can be read by others (mode {mode:o})", f"chmod 600 {path}")
    return fine(name, f"in {path}, its owner's only")


def _secret(name: str, field: str, read: Callable[[], str | None]) -> Finding:
    variable = f"CHARLOOM_{field.upper()}"
    try:
        value = read()
    except SettingsError as error:
        return problem(name, str(error), "make the file readable, and not empty")
    if not value:
        told = "none: each web process makes its own" if field == "secret_key" else "none"
        return warning(name, told, f"set {variable}_FILE, the same for every web process")
    if len(value) < LEAST_SECRET or value.lower() in EXAMPLES:
        return problem(name, f"{variable} is short enough to be guessed",
                       f"put what `openssl rand -hex 32` says into {variable}_FILE")  # fmt: skip
    return fine(name, f"{len(value)} characters")


def settings_that_open(settings: Settings) -> list[Finding]:
    """Name every setting that is for tests, or opens what is better closed."""
    found = []
    if settings.log_level == "DEBUG":
        found.append(warning("settings", "CHARLOOM_LOG_LEVEL is DEBUG: logs grow fast, and may "
                             "show what people write", "set it to INFO"))  # fmt: skip
    if os.environ.get("FLASK_DEBUG", "0") not in ("", "0", "false"):
        found.append(problem("settings", "FLASK_DEBUG is set: errors show source and "
                             "variables", "unset it"))  # fmt: skip
    if settings.private_addresses:
        found.append(warning("settings", "CHARLOOM_PRIVATE_ADDRESSES is true: whoever adds texts "
                             "may have servers of your network asked",
                             "set it to false unless all users are trusted"))  # fmt: skip
    if not settings.requests_per_minute:
        found.append(warning("settings", "CHARLOOM_REQUESTS_PER_MINUTE is 0: one caller may take "
                             "all of the service", "set a number"))  # fmt: skip
    if "*" in settings.hosts():
        found.append(warning("settings", "CHARLOOM_ALLOWED_HOSTS has '*': pages answer to any name",
                             "name the hosts"))  # fmt: skip
    return found or [fine("settings", "none that is dangerous")]
