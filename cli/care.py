"""The commands that look after an installation: they work on its database, not on its API."""

import os
import signal
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from cli.backups.archive import Manifest
    from cli.places import Places

TERMINATED_EXIT = 128 + signal.SIGTERM
data_option = click.option(
    "--data", default=Path("var"), show_default=True, type=click.Path(path_type=Path),
    help="Folder of the installation; CHARLOOM_DATABASE_URL goes before it.",
)  # fmt: skip
file_argument = click.argument("file", type=click.Path(path_type=Path, dir_okay=False))


@click.command()
@file_argument
@data_option
def backup(file: Path, data: Path) -> None:
    """Write all of the database to FILE, while the service runs.

    What was committed before is in it: users, texts, jobs, checkpoints, written text. Restore it
    into SQLite or PostgreSQL, whichever it came from. Keep it safe: it holds password hashes and
    the addresses and keys of receivers. The files `token` and `secret_key` are not in it.
    """
    from cli import places
    from cli.backups.writing import back_up
    from shared.stores import open_store

    with ended_by_signals():
        found = places.find(data)
        manifest = back_up(places.existing(found), file, open_store(found.settings))
    click.echo(f"{file}: {_contents(manifest)}.")
    click.echo("Not in it: settings, and the files of the token and the secret key.", err=True)


@click.command()
@file_argument
@data_option
def restore(file: Path, data: Path) -> None:
    """Fill an empty database from the backup in FILE.

    The database is SQLite in a new --data, unless CHARLOOM_DATABASE_URL names one; its tables are
    made. One that has rows already is refused. The service must not run on it yet.
    """
    from cli import places
    from cli.backups.restoring import restore as run
    from cli.database import without_password
    from shared.stores import open_store

    found = places.find(data)
    # As `charloom up` makes it: for its owner's eyes only.
    os.umask(0o077)
    with ended_by_signals(), _kept(found):
        manifest = run(found.database_url, file, open_store(found.settings))
    shown = without_password(found.database_url)
    click.echo(f"The database {shown} has {_contents(manifest)}, as of {manifest.created_at:%c}.")


@click.group()
def blobs() -> None:
    """Move the bytes of texts and models between the places that keep them."""


@blobs.command("move")
@data_option
def move_blobs(data: Path) -> None:
    """Move the bytes that are in the database to the store of CHARLOOM_BLOB_STORE.

    The service may run meanwhile, with that setting. What was interrupted is begun again.
    """
    from cli import places
    from shared.blob_moves import left_to_move, move
    from shared.db import Database
    from shared.stores import open_store

    found = places.find(data)
    store = open_store(found.settings)
    if store is None:
        raise click.UsageError("CHARLOOM_BLOB_STORE names no store: set it to s3://bucket/prefix")
    db = Database(places.existing(found), store=store)
    with ended_by_signals(), closing(db):
        click.echo(f"{left_to_move(db):,} blobs are in the database.", err=True)
        sizes = list(move(db))
    click.echo(
        f"{len(sizes):,} blobs of {sum(sizes):,} bytes moved to {found.settings.blob_store}."
    )


@click.command()
@data_option
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document and nothing else.")
@click.pass_context
def doctor(ctx: click.Context, data: Path, as_json: bool) -> None:
    """Look at an installation, and say what to do.

    Database, tables, Redis, workers, clocks, disks, jobs that hang, settings that are dangerous: a
    line each. Looks at what CHARLOOM_* variables name, else at the folder of --data, whether its
    service runs or not. Changes nothing. Ends with 0 where all is well, 1 where there are warnings
    and 2 where there are problems.
    """
    from cli.doctor.findings import State
    from cli.doctor.showing import as_document, as_line
    from cli.doctor.visit import visit

    found = []
    for finding in visit(data):
        found.append(finding)
        if not as_json:
            click.echo(as_line(finding))
    if as_json:
        click.echo(as_document(found))
    ctx.exit(max(State.OK, *(finding.state for finding in found)))


@contextmanager
def _kept(found: "Places") -> Iterator[None]:
    """Keep a data folder's stack from starting meanwhile."""
    from cli.folder import locked, open_folder

    if found.folder is None:
        yield
        return
    with locked(open_folder(found.folder.path)):
        yield


@contextmanager
def ended_by_signals() -> Iterator[None]:
    """Let SIGTERM end the block as Ctrl-C does, so that nothing half is left."""

    def end(number: int, frame: FrameType | None) -> None:
        raise SystemExit(TERMINATED_EXIT)

    before = signal.signal(signal.SIGTERM, end)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _contents(manifest: "Manifest") -> str:
    rows = sum(part.count for part in manifest.tables.values())
    blobs, revision = manifest.blobs, manifest.revision
    return (
        f"{rows:,} rows of {len(manifest.tables)} tables and {blobs.count:,} blobs of "
        f"{blobs.bytes:,} bytes, tables of migration {revision}"
    )


COMMANDS = (backup, restore, doctor, blobs)
