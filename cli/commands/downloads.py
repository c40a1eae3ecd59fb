"""``charloom download``: what a job left, as a file."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from cli.commands.options import ApiCommand, speaks

if TYPE_CHECKING:
    from cli.client import Client
    from cli.commands.session import Session

STDOUT = Path("-")
WHAT = click.Choice(["output", "samples", "model", "bundle"])

target_option = click.option(
    "-o",
    "--output",
    "target",
    type=click.Path(path_type=Path, allow_dash=True),
    default=Path(),
    metavar="FILE",
    help="File or folder to write to, - for standard output  [default: here, by its own name]",
)


@click.command(cls=ApiCommand)
@click.argument("job")
@click.option(
    "--what",
    type=WHAT,
    help="What of it  [default: a generation job's output, a training job's model]",
)
@target_option  # fmt: skip
@speaks()
def download(session: "Session", job: str, what: str | None, target: Path) -> None:
    """Download what JOB left: an id, or `last` for the newest job.

    model and bundle are of its best checkpoint; a checkpoint's id can be named, too.
    """
    fetch(session, path_of(session.client, job, what), target)


def fetch(session: "Session", path: str, target: Path) -> None:
    """Write what a path of the API answers to a file or to standard output."""
    if target == STDOUT:
        if session.as_json:
            raise click.UsageError("--json and -o - both want standard output: choose one")
        from cli.commands.following import print_text

        print_text(session, path)
        return
    written = session.client.download(path, target)
    size = written.stat().st_size
    session.done({"file": str(written), "bytes": size}, f"{written}: {size:,} bytes")


def path_of(client: "Client", word: str, what: str | None) -> str:
    """Return where the API has something of a job. Raises ``UserError``."""
    from cli.commands import finding

    if what in ("output", "samples"):
        kind = "generate" if what == "output" else "train"
        return f"/jobs/{finding.job(client, word, kind)['id']}/{what}.txt"
    if what is None and word == finding.LAST:
        word = finding.job(client, word)["id"]
    if what is None and (found := _generation(client, word)):
        return f"/jobs/{found}/output.txt"
    file = "bundle.zip" if what == "bundle" else "model.keras"
    return f"/checkpoints/{finding.checkpoint_id(client, word)}/{file}"


def _generation(client: "Client", word: str) -> str | None:
    """Return the id where it is a generation job's."""
    from cli.client import Refused

    try:
        found = client.job(word)
    except Refused as error:
        if error.status == 404:
            return None
        raise
    return str(found["id"]) if found["kind"] == "generate" else None
