"""``charloom download``: what a job left, as a file."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from cli.commands.options import ApiCommand, speaks

if TYPE_CHECKING:
    from cli.client import Client, Json
    from cli.commands.session import Session

STDOUT = Path("-")
WHAT = click.Choice(["output", "samples", "stars", "model", "bundle"])
# What of a training job's samples.
SAMPLES = {"samples": "", "stars": "?starred=true"}

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

    model and bundle are of its best checkpoint; a checkpoint's id can be named, too. stars are the
    samples that somebody starred. A text is
    there when its job has ended; of a cancelled one it is what was written until then.
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
    from cli.commands.finding import LEAVING

    if what in SAMPLES:
        return f"/jobs/{finding.job(client, word, 'train')['id']}/samples.txt{SAMPLES[what]}"
    if what == "output":
        return _output(finding.job(client, word, "generate"))
    if what is None and (found := _job(client, word)):
        if found["kind"] not in LEAVING:
            return _output(found)
        word = found["id"]
    file = "bundle.zip" if what == "bundle" else "model.keras"
    return f"/checkpoints/{finding.checkpoint_id(client, word)}/{file}"


def _job(client: "Client", word: str) -> "Json | None":
    """Return the job, or nothing where the word may be a checkpoint's id."""
    from cli.client import Refused
    from cli.commands import finding

    try:
        return finding.job(client, word)
    except Refused as error:
        if error.status == 404:
            return None
        raise


def _output(job: "Json") -> str:
    """Return where the text of a job is. Raises ``UserError`` where none is, or not all of it."""
    from cli.client.events import ENDED
    from shared.errors import UserError

    if job["kind"] != "generate":
        hint = f"; `charloom job show {job['id']}` shows its result" * (job["kind"] != "train")
        raise UserError(f"job {job['id']} is a {job['kind']} job and writes no text{hint}")
    if job["status"] not in ENDED:
        hint = f"`charloom job events {job['id']} --follow` waits for it"
        raise UserError(f"job {job['id']} is {job['status']}: its text is not whole yet; {hint}")
    return f"/jobs/{job['id']}/output.txt"
