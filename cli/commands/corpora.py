"""``charloom corpus``: the texts."""

import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from cli.commands.options import ApiGroup, speaks

if TYPE_CHECKING:
    from cli.client import Json
    from cli.client.corpora import File
    from cli.commands.session import Session

    Opened = AbstractContextManager[File]

F = TypeVar("F", bound=Callable[..., Any])

STDIN = Path("-")
SOURCES = (
    click.argument("file", required=False, type=click.Path(path_type=Path, allow_dash=True)),
    click.option("--url", metavar="URL", help="Fetch the text from this public address."),
    click.option("--builtin", metavar="NAME", help="Take a text that charloom can get by itself."),
    click.option("--lowercase", is_flag=True, help="Make all letters lower case."),
    click.option("--nfc", is_flag=True, help="Compose characters: Unicode NFC."),
    click.option("--squeeze", is_flag=True, help="One space for each row of blanks."),
)


def text_options(command: F) -> F:
    """Give a command what a text is read from and how it is cleaned."""
    for option in reversed(SOURCES):
        command = option(command)
    return command


@click.group(cls=ApiGroup)
def corpus() -> None:
    """Texts to train on. CORPUS is an id, or a name that only one corpus has."""


@corpus.command()
@click.argument("name")
@text_options
@speaks(own_url=False)
def add(session: "Session", name: str, **options: Any) -> None:
    """Add a text called NAME: a FILE (- is standard input), a --url, or a --builtin one."""
    opened, fields = _source(options)
    if opened is None:
        made = session.client.add_corpus(name, **fields)
    else:
        with opened as file:
            made = session.client.upload_file(name, file, **fields)
    session.made(made, f"Corpus {made['id']}: {_size(made)}.")


@corpus.command()
@click.argument("corpus")
@text_options
@speaks(own_url=False)
def update(session: "Session", corpus: str, **options: Any) -> None:
    """Add a version to CORPUS: a FILE (- is standard input), a --url, or a --builtin text.

    Where one of its versions has the same text already nothing is added. Jobs and schedules take
    the newest version.
    """
    from cli.commands.finding import corpus_id

    opened, fields = _source(options)
    found = corpus_id(session.client, corpus)
    before = session.client.corpus(found)["latest_version"]["number"]
    if opened is None:
        made = session.client.add_version(found, **fields)
    else:
        with opened as file:
            made = session.client.upload_version_file(found, file, **fields)
    number = made["latest_version"]["number"]
    told = f"version {number} is new" if number > before else "it has this text already"
    session.done(made, f"Corpus {found}: {told}; {_size(made)}.")


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
@click.option("--version", type=click.IntRange(1), help="A version's number, else the newest.")
@speaks()
def report(session: "Session", corpus: str, version: int | None) -> None:
    """Tell what is in a text, and what suits it."""
    from cli.commands.finding import corpus_id

    found = session.client.corpus_report(corpus_id(session.client, corpus), version)
    if session.as_json:
        session.document(found)
        return
    session.card(_told(found))
    session.table(
        ("finding", "level", "values"),
        ((f["code"], f["level"], f["values"]) for f in found["findings"]),
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


def _source(options: dict[str, Any]) -> "tuple[Opened | None, dict[str, Any]]":
    """Return the file that is to be sent, if it is one, and the request's fields."""
    from cli.client.base import given

    sources = given({name: options.pop(name) for name in ("file", "url", "builtin")})
    if len(sources) != 1:
        raise click.UsageError("give exactly one of FILE, --url and --builtin")
    chosen = {option: on for option, on in options.items() if on}
    file = sources.pop("file", None)
    return None if file is None else _opened(file), sources | chosen


@contextmanager
def _opened(file: Path) -> "Iterator[File]":
    from shared.errors import UserError

    if file == STDIN:
        yield "stdin", sys.stdin.buffer.read()
        return
    try:
        with file.open("rb") as data:
            yield file.name, data
    except OSError as error:
        raise UserError(f"{file} cannot be read: {error.strerror or error}") from error


def _size(corpus: "Json") -> str:
    latest = corpus["latest_version"]
    return f"{latest['characters']:,} characters, {latest['vocabulary_size']:,} different ones"


def _told(report: "Json") -> dict[str, Any]:
    """Return what a report's card says."""
    best, estimate = report["recommendation"], report["estimate"]
    examined = report["examination"] or {}
    return {
        "version": report["version"],
        **report["text"],
        "lines": examined.get("lines"),
        "scripts": [f"{s['script']} {s['share']:.1%}" for s in examined.get("scripts", [])],
        "rare": examined.get("rare", {}).get("characters"),
        "invisible": [f"{c['code_point']} {c['name']}" for c in examined.get("invisible", [])],
        "recommended": best["preset"],
        "with": best["fields"],
        "because": best["reason"],
        "parameters": best["parameters"],
        "seconds": estimate["time"]["seconds"],
    }


def _row(corpus: "Json") -> tuple[Any, ...]:
    from cli.commands.showing import moment

    latest = corpus["latest_version"]
    return (
        corpus["id"], corpus["name"], latest["number"], latest["characters"],
        latest["vocabulary_size"], moment(corpus["created_at"]),
    )  # fmt: skip
