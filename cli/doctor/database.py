"""Checks of the database: whether it answers, its tables, how it keeps data, its clock."""

import time
from collections.abc import Callable

from sqlalchemy import Connection, select, text

import migrations
from cli.backups.portable import revision_of
from cli.doctor.findings import Finding, fine, problem, warning
from shared.db import database_time

MIGRATE = "run `charloom migrate` (`charloom up` does so by itself)"
# Seconds that two clocks may differ by: what people read looks odd, then times make no sense.
SKEW, MUCH_SKEW = 2.0, 60.0
CONNECTIONS_SHARE = 0.8


def version(connection: Connection) -> Finding:
    """Tell which server it is."""
    sqlite = connection.dialect.name == "sqlite"
    query = "select sqlite_version()" if sqlite else "show server_version"
    found = connection.execute(text(query)).scalar_one()
    return fine("database", f"{'SQLite' if sqlite else 'PostgreSQL'} {found} answers")


def tables(connection: Connection) -> Finding:
    """Compare its migration with the newest that this version has."""
    at, known = revision_of(connection), migrations.known()
    head = known[-1]
    if at == head:
        return fine("migrations", f"at {at}, the newest")
    if at is None:
        return problem("migrations", "the database has no tables", MIGRATE)
    if at in known:
        return problem("migrations", f"at {at}, and this version needs {head}", MIGRATE)
    return problem(
        "migrations",
        f"at {at}, which this version does not know (its newest is {head})",
        "install the version of charloom that the database was migrated by, or a later one",
    )


def keeping(connection: Connection) -> Finding:
    """Look at the settings by which it keeps what was committed, and others at work."""
    if connection.dialect.name == "sqlite":
        return _sqlite(connection)
    return _postgresql(connection)


def _sqlite(connection: Connection) -> Finding:
    mode = connection.exec_driver_sql("PRAGMA journal_mode").scalar()
    if mode != "wal":
        return problem("database settings", f"journal_mode is {mode}, not wal",
                       "put the data folder on a local disk: network file systems have no "
                       "shared memory, which the journal needs")  # fmt: skip
    if connection.exec_driver_sql("PRAGMA auto_vacuum").scalar() != 2:
        return warning("database settings", "auto_vacuum is not INCREMENTAL: it never shrinks",
                       "back it up with `charloom backup` and restore that into a new "
                       "folder")  # fmt: skip
    return fine("database settings", "journal_mode wal, auto_vacuum incremental")


def _postgresql(connection: Connection) -> Finding:
    def shown(name: str) -> str:
        return str(connection.exec_driver_sql(f"show {name}").scalar_one())

    if off := [name for name in ("fsync", "full_page_writes") if shown(name) == "off"]:
        return problem("database settings", f"{' and '.join(off)} off: a power cut may destroy it",
                       "set them to on in postgresql.conf")  # fmt: skip
    if (encoding := shown("server_encoding")) != "UTF8":
        return problem("database settings", f"its encoding is {encoding}, which lacks characters",
                       "make a database with encoding UTF8, and restore a backup "
                       "into it")  # fmt: skip
    used = connection.execute(text("select count(*) from pg_stat_activity")).scalar_one()
    most, isolation = int(shown("max_connections")), shown("default_transaction_isolation")
    if isolation != "read committed":
        return warning("database settings", f"default_transaction_isolation is {isolation}",
                       "set it to 'read committed', which charloom is tested "
                       "with")  # fmt: skip
    if used > most * CONNECTIONS_SHARE:
        return warning("database settings", f"{used} of {most} connections are in use",
                       "raise max_connections, or run fewer processes")  # fmt: skip
    return fine("database settings", f"fsync on, UTF8, {used} of {most} connections in use")


def clock(connection: Connection) -> Finding:
    """Compare its clock with this machine's."""
    return skew("clock of the database", lambda: _seconds(connection))


def skew(name: str, ask: Callable[[], float], here: Callable[[], float] = time.time) -> Finding:
    """Compare a server's clock with ``here``, half of the time that asking took taken off."""
    before = here()
    there = ask()
    after = here()
    apart = there - (before + after) / 2
    # What may be due to the asking alone is no difference.
    certain = max(0.0, abs(apart) - (after - before) / 2)
    told = f"{abs(apart):.1f} s {'ahead of' if apart > 0 else 'behind'} this machine's"
    advice = "keep the time on both machines by NTP (chrony, systemd-timesyncd)"
    if certain >= MUCH_SKEW:
        return problem(name, told, advice)
    if certain >= SKEW:
        return warning(name, told, advice)
    return fine(name, "agrees with this machine's")


def _seconds(connection: Connection) -> float:
    return float(connection.scalar(select(database_time())) or 0)
