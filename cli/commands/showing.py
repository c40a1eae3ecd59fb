"""How a command shows what it got: tables for people, plain lines for pipes, JSON for programs."""

import json
import sys
from collections.abc import Iterable, Sequence
from typing import Any

import click
from rich.cells import cell_len, set_cell_size
from rich.console import Console
from rich.table import Table
from rich.text import Text

from cli.client import Json

GAP = "  "
# Columns that may go on in another line, where each is at least so wide. What is copied from the
# screen, as ids are, never does.
FOLDED, NARROWEST = ("name", "reason", "source"), 12


class Showing:
    """Shows answers on standard output, and everything else on standard error."""

    def __init__(self, as_json: bool):
        self.as_json = as_json
        self.terminal = sys.stdout.isatty() and not as_json

    def document(self, value: Any) -> None:
        """Print a JSON document."""
        click.echo(json.dumps(value, ensure_ascii=False, indent=2))

    def note(self, text: str) -> None:
        """Tell a person something that is no part of the answer."""
        if not self.as_json:
            click.echo(text, err=True)

    def made(self, row: Json, sentence: str) -> None:
        """Print what was made: its id alone in a pipe, with a sentence on a terminal."""
        if self.as_json:
            self.document(row)
        else:
            click.echo(sentence if self.terminal else row["id"])

    def done(self, row: Json, sentence: str) -> None:
        """Print what came of a request in a sentence."""
        if self.as_json:
            self.document(row)
        else:
            click.echo(sentence)

    def table(self, names: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
        """Print rows under the names of their columns; one below the other where the terminal is
        too narrow for them."""
        cells = [[cell(value) for value in row] for row in rows]
        if self.terminal:
            console = Console(highlight=False)
            fit = fits(names, cells, console.width)
            _drawn(console, names, cells) if fit else _stacked(names, cells)
            return
        table = [[name.upper() for name in names], *cells]
        widths = [max(map(cell_len, column)) for column in zip(*table, strict=True)]
        for row in table:
            padded = map(set_cell_size, row, widths)
            click.echo(GAP.join(padded).rstrip())

    def card(self, fields: dict[str, Any]) -> None:
        """Print what one thing is, a field a line; what is empty is left out."""
        width = max(map(len, fields)) + len(GAP)
        for name, value in fields.items():
            if value not in (None, "", [], {}):
                click.echo(f"{name:<{width}}{cell(value)}")

    def progress_console(self) -> Console:
        """Return where a job is followed: beside the answer."""
        return Console(stderr=True, quiet=self.as_json, highlight=False)


def fits(names: Sequence[str], cells: list[list[str]], width: int) -> bool:
    """Tell whether all columns have room on a terminal."""
    return sum(least(*column) + len(GAP) for column in zip(names, *cells, strict=True)) <= width


def least(name: str, *column: str) -> int:
    """Return how wide a column must be."""
    longest = max(map(cell_len, [name, *column]))
    return min(longest, NARROWEST) if name in FOLDED else longest


def _drawn(console: Console, names: Sequence[str], cells: list[list[str]]) -> None:
    table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, len(GAP), 0, 0))
    for name, *column in zip(names, *cells, strict=True):
        table.add_column(
            name, no_wrap=name not in FOLDED, overflow="fold", min_width=least(name, *column)
        )
    for row in cells:
        table.add_row(*map(Text, row))
    console.print(table)


def _stacked(names: Sequence[str], cells: list[list[str]]) -> None:
    width = max(map(len, names)) + len(GAP)
    for row in cells:
        for name, value in zip(names, row, strict=True):
            click.echo(f"{name:<{width}}{value}".rstrip())
        click.echo()


def cell(value: Any) -> str:
    """Return a value in one line without tabs."""
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.4g}"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, list | tuple):
        return ", ".join(map(cell, value))
    if isinstance(value, dict):
        return ", ".join(f"{name}={_plain(inner)}" for name, inner in value.items())
    return " ".join("".join(c if c.isprintable() else " " for c in str(value)).split())


def moment(time: str | None) -> str:
    """Return a time of the API as people read it."""
    return "-" if time is None else time[:19].replace("T", " ") + "Z"


def _plain(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
