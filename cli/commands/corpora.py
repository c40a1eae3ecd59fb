"""``charloom corpus``: the texts."""

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from cli.commands.options import ApiGroup, speaks

if TYPE_CHECKING:
    from cli.client import Json
    from cli.commands.session import Session

STDIN = Path("-")


@click.group(cls=ApiGroup)
def corpus() -> None:
    """Texts to train on. CORPUS is an id, or a name that only one corpus has."""


@corpus.command()
@click.argument("name")
@click.argument("file", required=False, type=click.Path(path_type=Path, allow_dash=True))
@click.option("--url", metavar="URL", help="Fetch the text from this public address.")
@click.option("--builtin", metavar="NAME", help="Take a text that charloom can get by itself.")
@click.option("--lowercase", is_flag=True, help="Make all letters lower case.")
@click.option("--nfc", is_flag=True, help="Compose characters: Unicode NFC.")
@click.option("--squeeze", is_flag=True, help="One space for each row of blanks.")
@speaks(own_url=False)
def add(
    session: "Session",
    name: str,
    file: Path | None,
    url: str | None,
    builtin: str | None,
    **clean: bool,
) -> None:
    """Add a text called NAME: a FILE (- is standard input), a --url, or a --builtin one."""
    from cli.client.base import given

    sources = given({"file": file, "url": url, "builtin": builtin})
    if len(sources) != 1:
        raise click.UsageError("give exactly one of FILE, --url and --builtin")
    chosen = {option: on for option, on in clean.items() if on}
    if file is not None:
        made = _upload(session, name, file, chosen)
    else:
        made = session.client.add_corpus(name, **sources, **chosen)
    version = made["latest_version"]
    session.made(
        made,
        f"Corpus {made['id']}: {version['characters']:,} characters, "
        f"{version['vocabulary_size']:,} different ones.",
    )


@corpus.command("list")
@click.option("--limit", type=click.IntRange(1), help="At most so many, the newest.")
@speaks()
def list_(session: "Session", limit: int | None) -> None:
    """List the texts, newest first."""
    rows = list(session.client.corpora(limit))
    if session.as_json:
        session.document(rows)
        return
    names = ("id", "name", "version", "characters", "vocabulary", "created")
    session.table(names, map(_row, rows))


@corpus.command()
@click.argument("corpus")
@speaks()
def show(session: "Session", corpus: str) -> None:
    """Show a text with its versions."""
    from cli.commands.finding import corpus_id
    from cli.commands.showing import moment

    found = session.client.corpus(corpus_id(session.client, corpus))
    if session.as_json:
        session.document(found)
        return
    created = moment(found["created_at"])
    session.card({"id": found["id"], "name": found["name"], "created": created})
    names = ("version", "characters", "vocabulary", "source", "created")
    session.table(
        names,
        (
            (
                v["number"],
                v["characters"],
                v["vocabulary_size"],
                v["source"],
                moment(v["created_at"]),
            )
            for v in found["versions"]
        ),
    )


@corpus.command()
@click.argument("corpus")
@speaks()
def rm(session: "Session", corpus: str) -> None:
    """Delete a text that no job reads."""
    from cli.commands.finding import corpus_id

    found = corpus_id(session.client, corpus)
    session.client.delete_corpus(found)
    session.done({"deleted": found}, f"Deleted corpus {found}.")


def _upload(session: "Session", name: str, file: Path, chosen: Mapping[str, bool]) -> "Json":
    from shared.errors import UserError

    if file == STDIN:
        text = sys.stdin.buffer.read()
        return session.client.upload_file(name, ("stdin", text), **chosen)
    try:
        return session.client.upload(name, file, **chosen)
    except OSError as error:
        raise UserError(f"{file} cannot be read: {error.strerror or error}") from error


def _row(corpus: "Json") -> tuple[Any, ...]:
    from cli.commands.showing import moment

    latest = corpus["latest_version"]
    return (
        corpus["id"], corpus["name"], latest["number"], latest["characters"],
        latest["vocabulary_size"], moment(corpus["created_at"]),
    )  # fmt: skip
