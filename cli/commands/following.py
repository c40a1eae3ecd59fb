"""Following a job on the terminal until it has ended."""

import codecs
import sys
from collections.abc import Callable

import click
from rich.console import Console

from cli.client import Json
from cli.commands.session import Session
from cli.errors import JobEnded
from cli.progress import Watcher
from cli.terminal import shown


def follow_training(session: Session, job: Json) -> None:
    """Show a training job's progress, losses and samples. Raises ``JobEnded``."""
    session.note(f"Job {job['id']}")
    quiet = session.progress_console()
    console = quiet if session.as_json else Console(highlight=False)
    done = _watched(session, job, Watcher(session.client, console))
    if session.as_json:
        session.document(done)
        return
    best = session.client.best_checkpoint(job["id"])
    session.note(f"Best: checkpoint {best['id']} of epoch {best['epoch']}.")


def follow_generation(session: Session, job: Json) -> None:
    """Show a generation job's progress, and its text alone on standard output.

    Raises ``JobEnded``.
    """
    session.note(f"Job {job['id']}")
    watcher = Watcher(session.client, session.progress_console(), _typed(session, job))
    done = _watched(session, job, watcher)
    if session.as_json:
        session.document(done | {"outputs": session.client.rows(job["id"], "outputs")})
    elif watcher.characters:
        click.echo()
    else:
        print_text(session, f"/jobs/{job['id']}/output.txt")
    _tell_prompt(session, job)


def print_text(session: Session, path: str) -> None:
    """Write what a path of the API answers to standard output, byte by byte; on a terminal as it
    can be shown, ended by a newline."""
    if session.terminal:
        decoder = codecs.getincrementaldecoder("utf-8")("replace")
        for piece in session.client.pieces(path):
            _type(decoder.decode(piece))
        click.echo()
        return
    out = sys.stdout.buffer
    for piece in session.client.pieces(path):
        out.write(piece)
    out.flush()


def _typed(session: Session, job: Json) -> Callable[[str], None] | None:
    """Return what shows a text while it is written: on a terminal, where it is the only one."""
    temperature = job["spec"]["temperature"]
    one = job["spec"]["count"] == 1 and (not isinstance(temperature, list) or len(temperature) == 1)
    return _type if session.terminal and one else None


def _type(text: str) -> None:
    sys.stdout.write(shown(text))
    sys.stdout.flush()


def _tell_prompt(session: Session, job: Json) -> None:
    """Say in a line what the model did not know of the prompt, where there is anything."""
    if session.as_json:
        return
    for output in session.client.listed(f"/jobs/{job['id']}/outputs", limit=1):
        if told := unknown(output["prompt_report"]):
            session.note(f"Of the prompt the model does not know: {told}.")


def unknown(report: Json) -> str:
    """Return what became of a prompt's unknown characters, in words; empty where there are none."""
    replaced, left_out = report.get("replaced") or {}, report.get("left_out") or []
    read = [f"{character!r} (read as {other!r})" for character, other in replaced.items()]
    return ", ".join([*read, *(f"{character!r} (left out)" for character in left_out)])


def _watched(session: Session, job: Json, watcher: Watcher) -> Json:
    try:
        return watcher.watch(job)
    except KeyboardInterrupt:
        hint = f"`charloom job show {job['id']}` tells of it, `job cancel` stops it"
        click.echo(f"\nNo longer followed; job {job['id']} goes on: {hint}.", err=True)
        raise
    except JobEnded:
        if session.as_json:
            session.document(session.client.job(job["id"]))
        raise
