"""``charloom checkpoint``: models that were made elsewhere."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from cli.commands.options import ApiGroup, speaks

if TYPE_CHECKING:
    from cli.client import Json
    from cli.commands.session import Session

FILE = click.Path(path_type=Path)


@click.group(cls=ApiGroup)
def checkpoint() -> None:
    """Models as files."""


@checkpoint.command("import")
@click.argument("file", type=FILE)
@click.option("--vocabulary", type=FILE, metavar="FILE",
              help="The model's characters in its order: a JSON list, or plain text.")  # fmt: skip
@click.option("--name", metavar="NAME", help="What it is called  [default: the file's name]")
@click.option("--no-wait", is_flag=True, help="Do not wait until it is imported.")
@speaks()
def import_(
    session: "Session", file: Path, vocabulary: Path | None, name: str | None, no_wait: bool
) -> None:
    """Import FILE: a .keras file with its --vocabulary, or a bundle.zip, which has it inside.

    docs/importing.md says which models can be imported.
    """
    job = _sent(session, file, vocabulary, name)
    if no_wait:
        hint = f"charloom job show {job['id']}"
        session.made(job, f"Job {job['id']} is {job['status']}; `{hint}` tells what comes of it.")
        return
    from shared.errors import UserError

    job = session.client.wait(job["id"])
    if job["status"] != "succeeded":
        why = (job["error"] or {}).get("message") or f"the import was {job['status']}"
        raise UserError(f"{file} was not imported: {why}")
    found = session.client.best_checkpoint(job["id"])
    session.made(found, f"Checkpoint {found['id']} is here: {found['bytes']:,} bytes.")


def _sent(session: "Session", file: Path, vocabulary: Path | None, name: str | None) -> "Json":
    from shared.errors import UserError

    try:
        return session.client.import_model(file, vocabulary, name=name)
    except OSError as error:
        which = error.filename or file
        raise UserError(f"{which} cannot be read: {error.strerror or error}") from error
